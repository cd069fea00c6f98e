//! Link pages, health, metrics.
