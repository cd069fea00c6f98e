//! Why an offer or an answer cannot be used, and what SIP says about it.

/// Why there is no audio with this peer. All of them are the peer's to mend; none is worth a retry as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpRefusal {
    /// The text is no session description, or larger than any sane one.
    #[error("the session description cannot be read: {0}")]
    Unreadable(String),
    /// No m-line for audio, or all of them are switched off.
    #[error("no audio is offered")]
    NoAudio,
    /// Audio only with SRTP or another transport than plain RTP.
    #[error("audio is offered only as {0}; plain RTP/AVP is needed")]
    Transport(String),
    /// None of our codecs.
    #[error("none of the offered codecs is spoken here (PCMU, PCMA, G722, opus)")]
    NoCodec,
    /// No address that we could send to: a name, a multicast address, or a family that we have not.
    #[error("no usable address for audio: {0}")]
    Address(String),
}

impl SdpRefusal {
    /// Status code of the response: 400 for what is no SDP, else 488 (RFC 3261 §21.4.26).
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unreadable(_) => 400,
            Self::NoAudio | Self::Transport(_) | Self::NoCodec | Self::Address(_) => 488,
        }
    }

    /// Value of the `Warning` header (RFC 3261 §20.43) in the name of `host` (a host or a pseudonym). Says nothing of
    /// what the peer sent.
    pub fn warning(&self, host: &str) -> String {
        let (code, text) = match self {
            Self::Unreadable(_) => (399, "The session description cannot be read"),
            Self::NoAudio => (304, "Media type not available: audio is needed"),
            Self::Transport(_) => (302, "Incompatible transport protocol: offer RTP/AVP"),
            Self::NoCodec => (305, "Incompatible media format: offer PCMU, PCMA, G722 or opus"),
            Self::Address(_) => (301, "Incompatible network address formats"),
        };
        format!("{code} {host} \"{text}\"")
    }
}
