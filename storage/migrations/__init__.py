"""Schema versions, one file each, applied in order by `storage.migrate`."""
