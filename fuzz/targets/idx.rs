//! See `nb_fuzz::idx`.

#![cfg_attr(fuzzing, no_main)]

nb_fuzz::program!(nb_fuzz::idx);
