//! What stands in the way of a deposit, by what is to be done about it.

use crate::audio::wav::WavError;
use crate::blob::objects::ObjectError;
use crate::blob::spool::SpoolError;
use crate::store::StoreError;

/// Why a deposit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    /// Store or bucket will be back.
    #[error("{0}")]
    Later(String),
    /// This recording must wait: for its disk, or for a person who mends the store. Others may get through meanwhile.
    #[error("{0}")]
    Stuck(String),
    /// It will never work.
    #[error("{0}")]
    Never(String),
    /// There is nothing of it: somebody else was faster, or the disk never took it.
    #[error("there is no such recording")]
    Gone,
}

impl From<SpoolError> for Obstacle {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::Missing(_) => Self::Gone,
            SpoolError::Corrupt(_) => Self::Never(error.to_string()),
            SpoolError::Disk { .. } | SpoolError::Behind(_) | SpoolError::Taken(_) => {
                Self::Stuck(error.to_string())
            }
        }
    }
}

impl From<ObjectError> for Obstacle {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Key(_) => Self::Never(error.to_string()),
            ObjectError::Away(_) | ObjectError::Missing(_) | ObjectError::Config { .. } => {
                Self::Later(error.to_string())
            }
        }
    }
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing { .. } | StoreError::Taken { .. } => Self::Never(error.to_string()),
            StoreError::Away(_) => Self::Later(error.to_string()),
            // A row or a table that a person must mend: the recording waits for that, nothing is put aside.
            StoreError::InUse(_) | StoreError::Refused(_) | StoreError::Corrupt { .. } => {
                Self::Stuck(error.to_string())
            }
        }
    }
}

impl From<WavError> for Obstacle {
    fn from(error: WavError) -> Self {
        Self::Never(error.to_string())
    }
}
