"""From a site's posting to a clean record: pure functions without I/O, clock or state."""
