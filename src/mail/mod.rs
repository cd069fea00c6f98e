//! A message becomes a mail; SMTP or files.
