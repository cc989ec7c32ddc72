//! The environment variables that users set, all read in one way.

/// What the variable says; `None` where it is not set or empty, as `NB_DATA=` is meant.
///
/// # Panics
/// If its value is not Unicode.
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(value.into_string().unwrap_or_else(|value| panic!("{name}={value:?}: this is not Unicode text")))
}
