//! See `nb_fuzz::pickle`.

#![cfg_attr(fuzzing, no_main)]

nb_fuzz::program!(nb_fuzz::pickle);
