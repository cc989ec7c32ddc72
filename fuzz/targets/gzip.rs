//! See `nb_fuzz::gzip`.

#![cfg_attr(fuzzing, no_main)]

nb_fuzz::program!(nb_fuzz::gzip);
