//! See `nb_fuzz::einsum`.

#![cfg_attr(fuzzing, no_main)]

nb_fuzz::program!(nb_fuzz::einsum);
