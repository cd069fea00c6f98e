//! Durable jobs: mail first.
