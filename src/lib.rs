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
    macro_rules! chapters {
        ($($name:ident: $file:literal),* $(,)?) => {
            $(#[doc = include_str!($file)] mod $name {})*
        };
    }
    chapters! {
        readme: "../docs/README.md",
        slope: "../docs/01_slope.md",
        by_hand: "../docs/02_by_hand.md",
        tape: "../docs/03_tape.md",
        fan_out: "../docs/04_fan_out.md",
        four_judges: "../docs/05_four_judges.md",
        architecture: "../docs/06_architecture.md",
        sigmoid: "../docs/07_sigmoid.md",
        initialize: "../docs/08_initialize.md",
        propagate: "../docs/09_propagate.md",
        optimize: "../docs/10_optimize.md",
        predict: "../docs/11_predict.md",
        model: "../docs/12_model.md",
        cost_plot: "../docs/13_cost_plot.md",
        own_activation: "../docs/14_own_activation.md",
        break_it: "../docs/15_break_it.md",
        cost: "../docs/17_cost.md",
        glossary: "../docs/glossary.md",
        elsewhere: "../docs/elsewhere.md",
    }
}
