//! What the tests share.

pub(crate) mod failure;
pub(crate) mod oracle;
pub(crate) mod random;
