"""The one write path: a batch of events becomes entries, in the transaction of the offset.

The steps of `batch`, for one tenant after the other, and why they come in this order:

1. What stands already is left out, so that twice is once and costs nothing further.
2. `read` opens the rest: their keys in one query, their contents in memory.
3. `link` keeps the contact points. First of all rows, since all else refers to them. `learn` says
   which of them many people write by, before any of their messages is assigned.
4. `look_up` gathers into `known` what the rules must know: a constant number of queries.
5. `assign` decides for each message, in the order of the bus. Pure; `known` hears each decision at
   once, since the second mail of a batch may answer its first.
6. `place` locks the conversations that were decided on, in the order of their ids. Not earlier,
   because only now it is known which; and two stores never wait for each other in a circle. Under
   the lock each message gets its place.
7. `deliver` lets reports move the words of what we sent; under the same locks, since a report may
   show in a conversation that a message of this batch goes to.
8. `write` writes all that was decided, and says what the bus must hear.
9. `keep_reading` keeps what a machine has read of messages, `assign_again` lets a reference that
   only reading has found lead on; where it leads has been locked with the others, in step 6.

All tenants' announcements are appended to the log last: it is the one row that others wait for.
"""
