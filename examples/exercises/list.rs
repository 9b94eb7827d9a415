//! The exercises: what each is about, where it is taught, and a hint.

use chainrule::tensor::Tensor;

use super::checks::{self, Outcome};

/// An edge of a tape: the number of the input, and the local derivative.
pub type Edge = (usize, f64);

/// An operation: its name, and the numbers of its inputs.
pub type Operation = (&'static str, Vec<usize>);

/// The functions that are asked for.
#[derive(Clone, Copy)]
pub struct Answers {
    pub square_slope: fn(f64, f64) -> f64,
    pub product_slopes: fn(f64, f64) -> [f64; 2],
    pub reciprocal_slope: fn(f64, f64) -> f64,
    pub exp_slope: fn(f64, f64) -> f64,
    pub ln_slope: fn(f64, f64) -> f64,
    pub add_back: fn(f64) -> [f64; 2],
    pub max_back: fn(f64, f64, f64) -> [f64; 2],
    pub accumulate: fn(&mut [f64], &[Edge], f64),
    pub backward: fn(&[Vec<Edge>]) -> Vec<f64>,
    pub sigmoid_slope: fn(f64, f64) -> f64,
    pub dw_of_one: fn(&[f64], f64, f64) -> Vec<f64>,
    pub dw: fn(&Tensor, &Tensor, &Tensor) -> Tensor,
    pub db: fn(&Tensor, &Tensor) -> f64,
    pub softplus: fn(f64) -> f64,
    pub leaky_relu_slope: fn(f64, f64) -> f64,
    pub step: fn(f64, f64, f64, f64, f64) -> [f64; 2],
    pub two_layers: fn(f64, f64, f64, f64) -> [f64; 2],
    pub own_tape: fn(&[f64], &[Operation]) -> Vec<f64>,
}

/// `answers!(module)`: those of a module.
#[rustfmt::skip]
macro_rules! answers {
    ($module:ident) => {{
        use $module::*;
        list::Answers {
            square_slope, product_slopes, reciprocal_slope, exp_slope, ln_slope, add_back,
            max_back, accumulate, backward, sigmoid_slope, dw_of_one, dw, db, softplus,
            leaky_relu_slope, step, two_layers, own_tape,
        }
    }};
}
pub(crate) use answers;

/// One exercise.
pub struct Exercise {
    /// The name of its function.
    pub function: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// The file of the chapter that teaches it.
    pub chapter: &'static str,
    /// A push in the right direction.
    pub hint: &'static str,
    /// Whether the answer is right.
    pub check: fn(&Answers) -> Outcome,
}

/// All eighteen, in order.
pub fn exercises() -> [Exercise; 18] {
    [
        Exercise {
            function: "square_slope",
            title: "local derivative of x²",
            chapter: "docs/01_slope.md",
            hint: "Multiply (x + h)² out, take x² off, divide by h, and let h go to 0.",
            check: checks::square_slope,
        },
        Exercise {
            function: "product_slopes",
            title: "local derivatives of x·y",
            chapter: "docs/02_by_hand.md",
            hint: "Hold y where it is. If x moves by 1, how far does x·y move?",
            check: checks::product_slopes,
        },
        Exercise {
            function: "reciprocal_slope",
            title: "local derivative of 1/x",
            chapter: "docs/02_by_hand.md",
            hint: "Compare 1/2 with 1/3: when x grows, which way does 1/x go?",
            check: checks::reciprocal_slope,
        },
        Exercise {
            function: "exp_slope",
            title: "local derivative of eˣ",
            chapter: "docs/02_by_hand.md",
            hint: "The rule for xⁿ needs a fixed exponent. Which function is its own slope?",
            check: checks::exp_slope,
        },
        Exercise {
            function: "ln_slope",
            title: "local derivative of ln x",
            chapter: "docs/03_tape.md",
            hint: "In the table of chapter 03, compare the row of ln with the row above.",
            check: checks::ln_slope,
        },
        Exercise {
            function: "add_back",
            title: "add distributes",
            chapter: "docs/04_fan_out.md",
            hint: "If x moves by 1, how far does x + y move? That, times the upstream.",
            check: checks::add_back,
        },
        Exercise {
            function: "max_back",
            title: "max routes",
            chapter: "docs/04_fan_out.md",
            hint: "max(5, 2) is 5. If the 2 moves a little, does the 5 move?",
            check: checks::max_back,
        },
        Exercise {
            function: "accumulate",
            title: "accumulate what several edges bring",
            chapter: "docs/04_fan_out.md",
            hint: "Something is there already when the next comes in. What becomes of it?",
            check: checks::accumulate,
        },
        Exercise {
            function: "backward",
            title: "reverse order",
            chapter: "docs/04_fan_out.md",
            hint: "Which node's gradient is complete at the start? Begin there.",
            check: checks::backward,
        },
        Exercise {
            function: "sigmoid_slope",
            title: "the sigmoid's slope, from its output",
            chapter: "docs/08_sigmoid.md",
            hint: "The books write it with a. Is that what goes in, or what comes out?",
            check: checks::sigmoid_slope,
        },
        Exercise {
            function: "dw_of_one",
            title: "dw for one example",
            chapter: "docs/11_propagate.md",
            hint: "If a is larger than y, z should go down. What is the sign of dL/dz?",
            check: checks::dw_of_one,
        },
        Exercise {
            function: "dw",
            title: "dw for all examples, with matrices",
            chapter: "docs/11_propagate.md",
            hint: "A matrix product adds up over the examples. What is asked for?",
            check: checks::dw,
        },
        Exercise {
            function: "db",
            title: "db",
            chapter: "docs/11_propagate.md",
            hint: "How often is it divided by m, and how often should it be?",
            check: checks::db,
        },
        Exercise {
            function: "softplus",
            title: "a softplus that is stable",
            chapter: "docs/23_numerics.md",
            hint: "Take eˣ out of 1 + eˣ where x > 0; and look up `f64::ln_1p`.",
            check: checks::softplus,
        },
        Exercise {
            function: "leaky_relu_slope",
            title: "leaky relu, with its kink",
            chapter: "docs/21_own_activation.md",
            hint: "The slope of relu is 0 for x < 0. What is that of a leaky one?",
            check: checks::leaky_relu_slope,
        },
        Exercise {
            function: "step",
            title: "find the bug: a step of gradient descent",
            chapter: "docs/12_optimize.md",
            hint: "Which w is in z when b moves, and which one should it be?",
            check: checks::step,
        },
        Exercise {
            function: "two_layers",
            title: "find the bug: two nodes in a row",
            chapter: "docs/16_two_layers.md",
            hint: "Go from L back to v, and ask of each factor: whose slope is it?",
            check: checks::two_layers,
        },
        Exercise {
            function: "own_tape",
            title: "the whole of it: a tape of your own",
            chapter: "docs/24_cost.md",
            hint: "Keep the edges. Then go back as in 9, and add as in 8.",
            check: checks::own_tape,
        },
    ]
}
