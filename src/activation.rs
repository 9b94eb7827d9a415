//! Every elementwise function: `f` and `f′`, once.
//!
//! Adding one here is one entry in the list below; adding one elsewhere is one `impl Activation`
//! and `x.apply(Mine)`.

use crate::arithmetic::Number;
use crate::tape::Var;
use crate::tensor::kernels;

/// An elementwise function and its slope.
///
/// What implements this can be used on numbers, on both tapes and in a network's layer.
///
/// ```
/// use chainrule::activation::{Activation, Tanh};
/// let y = Tanh.f(0.5);
/// assert_eq!(Tanh.f_df(0.5), (y, Tanh.df(0.5, y)));
/// ```
pub trait Activation {
    /// The name that a trace shows.
    fn name(&self) -> &'static str;
    /// The value `y = f(x)`.
    fn f(&self, x: f64) -> f64;
    /// The slope f′(x), from the input `x` and the output `y = f(x)`, whichever is simpler.
    fn df(&self, x: f64, y: f64) -> f64;
    /// Value and slope at once; for functions in which they share work.
    fn f_df(&self, x: f64) -> (f64, f64) {
        let y = self.f(x);
        (y, self.df(x, y))
    }
    /// Values and slopes of many numbers: `y[k], slope[k] = f_df(x[k])`.
    ///
    /// For speed, and so that a layer asks its `dyn Activation` once and not for every number.
    fn f_df_all(&self, x: &[f64], y: &mut [f64], slope: &mut [f64]) {
        kernels::map_to_two(x, y, slope, |x| self.f_df(x));
    }
    /// The formula of the slope, for display.
    fn slope(&self) -> Option<&'static str> {
        None
    }
    /// Whether the function is defined at `x`.
    fn domain(&self, x: f64) -> bool {
        !x.is_nan()
    }
    /// The number that the function was made with, for display: 0.01 of `leaky_relu(0.01)`.
    fn parameter(&self) -> Option<f64> {
        None
    }
}

/// The same activation, behind a pointer: a layer of a network holds a `Box<dyn Activation>`.
macro_rules! forward_to_target {
    ($($pointer:ty),*) => {$(
        impl<A: Activation + ?Sized> Activation for $pointer {
            fn name(&self) -> &'static str { (**self).name() }
            fn f(&self, x: f64) -> f64 { (**self).f(x) }
            fn df(&self, x: f64, y: f64) -> f64 { (**self).df(x, y) }
            fn f_df(&self, x: f64) -> (f64, f64) { (**self).f_df(x) }
            fn f_df_all(&self, x: &[f64], y: &mut [f64], slope: &mut [f64]) {
                (**self).f_df_all(x, y, slope)
            }
            fn slope(&self) -> Option<&'static str> { (**self).slope() }
            fn domain(&self, x: f64) -> bool { (**self).domain(x) }
            fn parameter(&self) -> Option<f64> { (**self).parameter() }
        }
    )*};
}
forward_to_target!(&A, Box<A>);

/// From one entry: the type with its `impl Activation`, the method on both tapes, and the place in
/// the list of all.
macro_rules! functions {
    ($(
        $(#[$doc:meta])*
        $method:ident $(($argument:ident = $sample:literal))?: $Name:ident { $($item:tt)* }
    )*) => {
        $(
            structure! { $(#[$doc])* $Name $($argument)? }

            impl Activation for $Name {
                fn name(&self) -> &'static str { stringify!($method) }
                $(fn parameter(&self) -> Option<f64> { Some(self.$argument) })?
                $($item)*
            }
        )*

        impl<V: Number> Var<'_, V> {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $method(self $(, $argument: f64)?) -> Self {
                    self.apply($Name $({ $argument })?)
                }
            )*
        }

        /// Every function of this module; those with a parameter with a usual one.
        ///
        /// ```
        /// for function in chainrule::activation::all() {
        ///     assert!(function.f(f64::NAN).is_nan(), "{} hides a NaN", function.name());
        /// }
        /// ```
        pub fn all() -> Vec<Box<dyn Activation>> {
            vec![$(Box::new($Name $({ $argument: $sample })?)),*]
        }
    };
}

macro_rules! structure {
    ($(#[$doc:meta])* $Name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name;
    };
    ($(#[$doc:meta])* $Name:ident $argument:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name {
            /// The parameter of the formula.
            pub $argument: f64,
        }
    };
}

functions! {
    /// `y = eˣ`; slope `y`.
    exp: Exp {
        fn f(&self, x: f64) -> f64 { x.exp() }
        fn df(&self, _x: f64, y: f64) -> f64 { y }
        fn slope(&self) -> Option<&'static str> { Some("y") }
    }

    /// `y = ln x`, defined for x > 0; slope `1/x`. At 0 it is −∞, below it is NaN.
    ln: Ln {
        fn f(&self, x: f64) -> f64 { x.ln() }
        fn df(&self, x: f64, _y: f64) -> f64 { 1.0 / x }
        fn slope(&self) -> Option<&'static str> { Some("1 / x") }
        fn domain(&self, x: f64) -> bool { x > 0.0 }
    }

    /// `y = √x`, defined for x ≥ 0; slope `1/(2y)`, which is ∞ at 0.
    sqrt: Sqrt {
        fn f(&self, x: f64) -> f64 { x.sqrt() }
        fn df(&self, _x: f64, y: f64) -> f64 { 0.5 / y.abs() } // y is −0 at −0, the slope is not −∞
        fn slope(&self) -> Option<&'static str> { Some("1 / (2 y)") }
        fn domain(&self, x: f64) -> bool { x >= 0.0 }
    }

    /// `y = 1/x`, defined for x ≠ 0; slope `−y²`.
    recip: Recip {
        fn f(&self, x: f64) -> f64 { 1.0 / x }
        fn df(&self, _x: f64, y: f64) -> f64 { -y * y }
        fn slope(&self) -> Option<&'static str> { Some("-y²") }
        fn domain(&self, x: f64) -> bool { x != 0.0 && !x.is_nan() }
    }

    /// `y = |x|`; slope −1, 0 or 1, and 0 at the kink x = 0.
    abs: Abs {
        fn f(&self, x: f64) -> f64 { x.abs() }
        fn df(&self, x: f64, _y: f64) -> f64 { if x == 0.0 { 0.0 } else { x.signum() } }
        fn slope(&self) -> Option<&'static str> { Some("sign x") }
    }

    /// `y = tanh x`; slope `1 − y²`, computed as `4e⁻²ˣ/(1 + e⁻²ˣ)²`, which does not cancel.
    tanh: Tanh {
        fn f(&self, x: f64) -> f64 { x.tanh() }
        fn df(&self, x: f64, _y: f64) -> f64 {
            let e = (-2.0 * x.abs()).exp();
            4.0 * e / ((1.0 + e) * (1.0 + e))
        }
        fn slope(&self) -> Option<&'static str> { Some("1 - y²") }
    }

    /// `y = σ(x) = 1/(1 + e⁻ˣ)`; slope `y (1 − y) = σ(x) σ(−x)`.
    ///
    /// The slope is computed as `e/(1 + e)²` with `e = e^−|x|`: as `y (1 − y)` it would be exactly
    /// 0 from x ≈ 37 on, where the truth is 8.5e-17.
    sigmoid: Sigmoid {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn f_df(&self, x: f64) -> (f64, f64) {
            let e = (-x.abs()).exp(); // never overflows
            let y = if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) };
            (y, e / ((1.0 + e) * (1.0 + e)))
        }
        fn slope(&self) -> Option<&'static str> { Some("y (1 - y)") }
    }

    /// `y = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)`; slope `σ(x)`.
    softplus: Softplus {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn f_df(&self, x: f64) -> (f64, f64) {
            let e = (-x.abs()).exp();
            let y = x.max(0.0) + e.ln_1p(); // a NaN that max drops is in e
            (y, if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) })
        }
        fn slope(&self) -> Option<&'static str> { Some("sigmoid(x)") }
    }

    /// `y = max(x, 0)`; slope 1 for x > 0 and 0 for x ≤ 0, the kink included.
    relu: Relu {
        fn f(&self, x: f64) -> f64 { if x <= 0.0 { 0.0 } else { x } }
        fn df(&self, x: f64, _y: f64) -> f64 { LeakyRelu { slope: 0.0 }.df(x, x) }
        fn slope(&self) -> Option<&'static str> { Some("1 if x > 0, else 0") }
    }

    /// `y = x` for x > 0 and `slope·x` for x ≤ 0; slope 1 or `slope`, at the kink `slope`.
    leaky_relu(slope = 0.01): LeakyRelu {
        fn f(&self, x: f64) -> f64 { if x <= 0.0 { self.slope * x } else { x } }
        fn df(&self, x: f64, _y: f64) -> f64 {
            match x {
                x if x <= 0.0 => self.slope,
                x if x > 0.0 => 1.0,
                nan => nan,
            }
        }
        fn slope(&self) -> Option<&'static str> { Some("1 if x > 0, else the slope") }
    }

    /// `y = xᶜ`; slope `c xᶜ⁻¹`, and 0 everywhere for c = 0.
    powf(exponent = 3.0): Powf {
        fn f(&self, x: f64) -> f64 {
            match self.exponent {
                _ if x.is_nan() => x, // f64::powf would make 1 of it for c = 0
                2.0 => x * x,
                c => x.powf(c),
            }
        }
        fn df(&self, x: f64, _y: f64) -> f64 {
            match self.exponent {
                _ if x.is_nan() => x,
                0.0 => 0.0,
                c => c * x.powf(c - 1.0),
            }
        }
        fn slope(&self) -> Option<&'static str> { Some("c x^(c - 1)") }
        fn domain(&self, x: f64) -> bool {
            x > 0.0
                || x == 0.0 && self.exponent >= 0.0
                || x < 0.0 && self.exponent.fract() == 0.0
        }
    }
}

impl<V: Number> Var<'_, V> {
    /// `y = xᵏ` for a whole number k; recorded as [`powf`](Var::powf).
    #[track_caller]
    pub fn powi(self, k: i32) -> Self {
        self.powf(k.into())
    }
}
