//! What the tests share.

pub(crate) mod failure;
#[cfg(unix)]
pub(crate) mod guarded;
pub(crate) mod oracle;
pub(crate) mod random;
