#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod activation;
pub mod arithmetic;
pub mod check;
pub mod data;
pub mod error;
mod exponential;
pub mod logistic;
pub mod network;
mod random;
pub mod scalar;
pub mod tape;
pub mod tensor;
pub mod trace;
pub mod view;

pub use error::{Error, Result};

/// The code in the chapters compiles and runs.
#[cfg(doctest)]
mod chapters {
    #[doc = include_str!("../docs/14_own_activation.md")]
    mod own_activation {}
}
