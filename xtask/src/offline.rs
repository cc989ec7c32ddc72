//! `NB_OFFLINE`: whether the person wants us to stay off the network, in every program the same.

/// Set to anything but nothing and 0.
pub(crate) fn offline() -> bool {
    std::env::var_os("NB_OFFLINE").is_some_and(|value| !value.is_empty() && value != "0")
}
