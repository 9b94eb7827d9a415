//! The lessons, as pages. They begin with [the list of lessons](ch00_lessons).
//!
//! The same pages lie in `docs/`, from `docs/README.md` on, where a code-hosting page shows them with
//! their pictures.

// In a page, links are references, which its last lines define for a code-hosting page. Of two
// definitions the first one counts: those that `pages!` puts above the text lead to pages of this
// documentation, wherever it is hosted. No picture lies beside it, so each is taken in, and opens its
// page.

macro_rules! pages {
    ($($name:ident: $file:literal $([$($picture:literal),*])?;)*) => {
        pages! { @ concat!(
            $("[", $file, "]: crate::book::", stringify!($name), "\n",
                $($("[", $picture, ".svg]: <data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20width='0'%20height='0'/%3E>\n",)*)?
            )*
            "[README]: crate::book::ch00_lessons\n",
            "[activation.rs]: crate::activation\n",
            "[arithmetic.rs]: crate::arithmetic\n",
            "[cell.rs]: crate::data\n",
            "[error.rs]: crate::error\n",
            "[mod.rs]: crate::tensor\n",
            "[program.rs]: crate\n",
            "[start.rs]: crate::data\n",
        ) => $($name: $file $([$($picture),*])?;)* }
    };
    (@ $links:expr => $($name:ident: $file:literal $([$($picture:literal),*])?;)*) => {
        pages! { @@ $links => $({ $name: $file $([$($picture),*])? })* }
    };
    (@@ $links:expr => { $($first:tt)* } $($others:tt)*) => {
        pages! { @page $links => $($first)* }
        pages! { @@ $links => $($others)* }
    };
    (@@ $links:expr =>) => {};
    (@page $links:expr => $name:ident: $file:literal $([$($picture:literal),*])?) => {
        #[doc = $links]
        $($(
            #[doc = ""]
            #[doc = include_str!(concat!("../docs/", $picture, ".svg"))]
        )*)?
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/", $file, ".md"))]
        pub mod $name {}
    };
}

pages! {
    ch00_lessons: "README";
    ch01_slope: "01_slope" ["01_slope"];
    ch02_by_hand: "02_by_hand";
    ch03_tape: "03_tape" ["03_tape"];
    ch04_fan_out: "04_fan_out" ["04_fan_out"];
    ch05_four_judges: "05_four_judges";
    ch06_matrices: "06_matrices" ["06_matrices"];
    ch07_architecture: "07_architecture";
    ch08_sigmoid: "08_sigmoid" ["08_sigmoid"];
    ch09_initialize: "09_initialize";
    ch10_likelihood: "10_likelihood" ["10_likelihood"];
    ch11_propagate: "11_propagate";
    ch12_optimize: "12_optimize" ["12_optimize"];
    ch13_predict: "13_predict";
    ch14_model: "14_model" ["14_model"];
    ch15_cost_plot: "15_cost_plot" ["15_cost_plot", "15_boundary"];
    ch16_two_layers: "16_two_layers" ["16_square", "16_hidden"];
    ch17_symmetry: "17_symmetry";
    ch18_softmax: "18_softmax" ["18_softmax"];
    ch19_curvature: "19_curvature" ["19_curvature"];
    ch20_vanishing: "20_vanishing" ["20_vanishing"];
    ch21_own_activation: "21_own_activation";
    ch22_break_it: "22_break_it";
    ch23_numerics: "23_numerics";
    ch24_cost: "24_cost";
    architecture: "architecture";
    changelog: "changelog";
    elsewhere: "elsewhere";
    errors: "errors";
    glossary: "glossary";
    notebook: "notebook";
    performance: "performance";
}
