//! RTP without IO: packets, sessions, jitter, telephone-event, RTCP.
