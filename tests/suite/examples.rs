//! The examples, as modules: what a lesson prints can be held against its chapter, and what it
//! computes against what it says.

/// The examples that have a chapter: the module of each is its file.
macro_rules! lessons {
    ($($name:ident: $file:literal),* $(,)?) => {
        $(#[allow(dead_code)] #[path = $file] pub mod $name;)* // dead: its `main`

        /// The name of each, as its file has it, and what prints its output.
        pub const LESSONS: &[(&str, fn() -> String)] = &[$((
            stem($file),
            || {
                let mut out = vec![];
                run!($name, &mut out);
                String::from_utf8(out).unwrap()
            },
        )),*];
    };
}

/// Runs an example as its command without options does.
macro_rules! run {
    (cost_plot, $out:expr) => {
        cost_plot::run($out, false).unwrap()
    };
    ($name:ident, $out:expr) => {
        $name::run($out).unwrap()
    };
}

/// `01_slope` of `../../examples/01_slope.rs`.
const fn stem(file: &str) -> &str {
    let (_, name) = file.split_at("../../examples/".len());
    name.split_at(name.len() - ".rs".len()).0
}

/// What a lesson prints.
pub fn output(name: &str) -> String {
    let (_, print) = LESSONS.iter().find(|(known, _)| *known == name).unwrap();
    print()
}

lessons! {
    slope: "../../examples/01_slope.rs",
    by_hand: "../../examples/02_by_hand.rs",
    tape: "../../examples/03_tape.rs",
    fan_out: "../../examples/04_fan_out.rs",
    four_judges: "../../examples/05_four_judges.rs",
    matrices: "../../examples/06_matrices.rs",
    architecture: "../../examples/07_architecture.rs",
    sigmoid: "../../examples/08_sigmoid.rs",
    initialize: "../../examples/09_initialize.rs",
    likelihood: "../../examples/10_likelihood.rs",
    propagate: "../../examples/11_propagate.rs",
    optimize: "../../examples/12_optimize.rs",
    predict: "../../examples/13_predict.rs",
    model: "../../examples/14_model.rs",
    cost_plot: "../../examples/15_cost_plot.rs",
    two_layers: "../../examples/16_two_layers.rs",
    symmetry: "../../examples/17_symmetry.rs",
    softmax: "../../examples/18_softmax.rs",
    curvature: "../../examples/19_curvature.rs",
    vanishing: "../../examples/20_vanishing.rs",
    own_activation: "../../examples/21_own_activation.rs",
    break_it: "../../examples/22_break_it.rs",
    numerics: "../../examples/23_numerics.rs",
    cost: "../../examples/24_cost.rs",
}
