"""What every service counts, for Prometheus; labels are words and topics, never persons."""

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter("hub_accepted_total", "Arrivals kept safely")
HOOKS = Counter("hub_hooks_total", "Providers' hooks, by channel and status", ["channel", "status"])
REJECTED = Counter("hub_rejected_total", "Arrivals sent back with `try again`")
CONSUMED = Counter("hub_consumed_total", "Events handled", ["consumer"])
LAG_SECONDS = Gauge("hub_lag_seconds", "Age of the event handled last", ["consumer"])
DEAD = Counter("hub_dead_letters_total", "Events that cannot be decoded", ["consumer"])
PARKED = Counter("hub_parked_total", "Events put behind a failing one of their key", ["consumer"])
RELAYED = Counter("hub_relayed_total", "Events handed to Kafka")
HORIZON_AGE = Gauge(
    "hub_horizon_age_seconds", "How long the oldest open transaction has held readers back"
)
FREE_BYTES = Gauge("hub_free_bytes", "Room on the disk of a folder", ["folder"])
TRIMMED = Counter("hub_trimmed_total", "Rows and objects deleted as no longer needed", ["what"])
LOG_OLDEST = Gauge("hub_log_oldest_seconds", "For how long the log has kept its oldest event")
LOG_BYTES = Gauge("hub_log_bytes", "What the log takes on disk, with its index")
FILES_CHECKED = Counter(
    "hub_files_checked_total", "Files a scanner was asked about, by what it said", ["result"]
)
SENT = Counter("hub_sent_total", "Outbound messages, by outcome", ["channel", "outcome"])
HANDLE_SECONDS = Histogram("hub_handle_seconds", "Time of one batch", ["consumer"])
LISTENER_LIMITS = Counter(
    "hub_listener_limits_total", "Clients that a limit stopped", ["listener", "limit"]
)
OVERRUNS = Counter(
    "hub_overruns_total", "Calls over foreign bytes that overran time or memory", ["function"]
)
TO_READ = Gauge("hub_to_read_documents", "Documents whose pages are still to be read")
TO_READ_PAGES = Gauge("hub_to_read_pages", "Pages that are still to be read, as far as is known")
TO_READ_OLDEST = Gauge("hub_to_read_oldest_seconds", "For how long the oldest of them has waited")
READ = Counter("hub_read_total", "Documents read by machine, by outcome", ["outcome"])
