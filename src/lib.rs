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
    #[doc = include_str!("../docs/06_architecture.md")]
    mod architecture {}
    #[doc = include_str!("../docs/07_sigmoid.md")]
    mod sigmoid {}
    #[doc = include_str!("../docs/08_initialize.md")]
    mod initialize {}
    #[doc = include_str!("../docs/09_propagate.md")]
    mod propagate {}
    #[doc = include_str!("../docs/10_optimize.md")]
    mod optimize {}
    #[doc = include_str!("../docs/11_predict.md")]
    mod predict {}
    #[doc = include_str!("../docs/12_model.md")]
    mod model {}
    #[doc = include_str!("../docs/13_cost_plot.md")]
    mod cost_plot {}
    #[doc = include_str!("../docs/14_own_activation.md")]
    mod own_activation {}
}
