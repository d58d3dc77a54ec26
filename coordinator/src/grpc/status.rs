//! The one place that turns errors into gRPC status codes.

use tonic::Status;
use wire::BadMessage;

use crate::archive::ReadError;
use crate::seat::NotLeading;
use crate::shell::Gone;
use crate::traces::NotTaken;

/// Everything that a door can answer instead of what was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    BadMessage(#[from] BadMessage),
    #[error("the plan names another bundle than the one sent; send both again")]
    OtherBundle,
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    NotYet(String),
    #[error("there is no run {0}; `muster runs` lists them")]
    NoRun(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error(transparent)]
    NotLeading(#[from] NotLeading),
    #[error(
        "a frame can't be read: {0}; the sender speaks another version of muster, or is broken"
    )]
    BadFrame(String),
    #[error("the first message must be a hello, within {0} s; this is not a worker of muster")]
    NoHello(u64),
    #[error(transparent)]
    Spans(#[from] NotTaken),
}

impl Refusal {
    /// Whether no sender in its right mind sends that.
    pub(super) fn is_malformed(&self) -> bool {
        matches!(self, Self::BadMessage(_) | Self::BadFrame(_))
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::BadMessage(_)
            | Refusal::BadFrame(_)
            | Refusal::OtherBundle
            | Refusal::NoHello(_) => Self::invalid_argument(text),
            Refusal::Refused(_) => Self::failed_precondition(text),
            Refusal::NoRun(_) | Refusal::Read(ReadError::NoBlob { .. }) => Self::not_found(text),
            Refusal::Read(_) => Self::data_loss(text),
            Refusal::Gone(_) | Refusal::NotLeading(_) | Refusal::NotYet(_) | Refusal::Spans(_) => {
                Self::unavailable(text)
            }
        }
    }
}
