//! One call = one flow + one media session + one dialog.
