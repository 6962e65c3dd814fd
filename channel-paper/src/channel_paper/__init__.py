"""Letters: scans in by folder, SFTP and browser; answers out on paper."""
