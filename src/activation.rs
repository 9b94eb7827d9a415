//! Every elementwise function: `f` and `f′`, once.
//!
//! Taught in `docs/08_sigmoid.md`, `docs/21_own_activation.md`.
//!
//! Adding one here is one entry in the list below; adding one elsewhere is one `impl Activation`
//! and `x.apply(Mine)`.
//!
//! Each entry states its accuracy, value / slope: the largest distance from the true number in ULPs
//! (steps between neighbouring numbers, the subnormal ones included), rounded up. It was measured
//! against 500-bit arithmetic at some 80,000 points between ±1e308, with the `exp`, `ln`, … of
//! glibc 2.36, to which `std` passes these calls on; another platform's may be a step or two off.
//! The sigmoid, the softplus and their kin take e^−|x| and ln(1 + e) from `exponential.rs` instead,
//! which is the same everywhere. What keeps the last digits of some is in `digits.rs`.

mod digits;
mod exponential;
#[macro_use]
mod macros;

use crate::tape::Operation;
use crate::tensor::kernels;
use digits::{sigmoid_from, times_exp};
use exponential::{exp_minus_size, ln_1p};

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
    /// The second derivative f″(x), likewise from `x` and `y`: the slope of the slope, which a tape of
    /// [dual numbers](crate::dual) needs. `None`, the default, says that it was not written.
    ///
    /// Of this crate's functions each has one, right to 1e-12 of its size (of that of its terms where
    /// it is about to cross zero), and where it is not subnormal. At a kink it is that of the side
    /// whose slope is the slope there.
    fn d2f(&self, _x: f64, _y: f64) -> Option<f64> {
        None
    }
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
    /// Name and slope as a trace shows them. Leave this as it is: what is the crate's own says so
    /// here, and is explained with the crate's words.
    fn operation(&self) -> Operation {
        Operation::new(self.name(), [self.slope().unwrap_or_default(), ""])
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

functions! {
    /// `y = x`, for all x; slope 1. Exact. It ends a network whose output is any number, or whose loss
    /// goes through the logits.
    identity: Identity, 2.0 => "2.0000, 1.0000", slope "1" {
        fn f(&self, x: f64) -> f64 { x }
        fn df(&self, x: f64, _y: f64) -> f64 { if x.is_nan() { x } else { 1.0 } }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { flat(x) }
    }

    // Powers, exponentials and logarithms.

    /// `y = eˣ`, for all x; slope `y`. Accuracy 1 / 1 ULP.
    exp: Exp, 1.0 => "2.7183, 2.7183", slope "y" {
        fn f(&self, x: f64) -> f64 { x.exp() }
        fn df(&self, _x: f64, y: f64) -> f64 { y }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(y) }
    }

    /// `y = eˣ − 1`, for all x; slope `eˣ`. Accuracy 1 / 1 ULP.
    ///
    /// The slope is not computed as `y + 1`, which loses its digits where y is near −1.
    exp_m1: ExpM1, -1.0 => "-0.6321, 0.3679", slope "e^x" {
        fn f(&self, x: f64) -> f64 { x.exp_m1() }
        fn df(&self, x: f64, _y: f64) -> f64 { x.exp() }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { Some(x.exp()) }
    }

    /// `y = ln x` for x > 0; slope `1/x`. Accuracy 1 / 1 ULP.
    ///
    /// At 0 it is −∞ with slope ∞, below both are NaN.
    ln: Ln, 2.0 => "0.6931, 0.5000", slope "1 / x" {
        fn f(&self, x: f64) -> f64 { x.ln() }
        fn df(&self, x: f64, _y: f64) -> f64 { if x < 0.0 { f64::NAN } else { 1.0 / x.abs() } }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(-self.df(x, y).powi(2)) }
        fn domain(&self, x: f64) -> bool { x > 0.0 }
    }

    /// `y = ln(1 + x)` for x > −1; slope `1/(1 + x)`. Accuracy 1 / 2 ULP.
    ///
    /// At −1 it is −∞ with slope ∞, below both are NaN.
    ln_1p: Ln1p, 1.0 => "0.6931, 0.5000", slope "1 / (1 + x)" {
        fn f(&self, x: f64) -> f64 { x.ln_1p() }
        fn df(&self, x: f64, y: f64) -> f64 { Ln.df(1.0 + x, y) }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(-self.df(x, y).powi(2)) }
        fn domain(&self, x: f64) -> bool { x > -1.0 }
    }

    /// `y = √x` for x ≥ 0; slope `1/(2y)`. Accuracy ½ / 2 ULP.
    ///
    /// At 0 the slope is ∞, below both are NaN.
    sqrt: Sqrt, 4.0 => "2.0000, 0.2500", slope "1 / (2 y)" {
        fn f(&self, x: f64) -> f64 { x.sqrt() }
        fn df(&self, _x: f64, y: f64) -> f64 { 0.5 / y.abs() } // y is −0 at −0; the slope is ∞
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(-0.5 * self.df(x, y) / x.abs()) }
        fn domain(&self, x: f64) -> bool { x >= 0.0 }
    }

    /// `y = 1/x` for x ≠ 0; slope `−y²`. Accuracy ½ / 2 ULP. At ±0 it is ±∞ with slope −∞.
    recip: Recip, 2.0 => "0.5000, -0.2500", slope "-y²" {
        fn f(&self, x: f64) -> f64 { 1.0 / x }
        fn df(&self, _x: f64, y: f64) -> f64 { -y * y }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(2.0 * y * y * y) }
        fn domain(&self, x: f64) -> bool { x != 0.0 && !x.is_nan() }
    }

    /// `y = xᶜ` for x > 0, for x = 0 if c ≥ 0, and for x < 0 if c is a whole number; slope
    /// `c xᶜ⁻¹`, and 0 everywhere for c = 0, where y = 1.
    ///
    /// Accuracy 1 / 4 ULP for |c| ≤ 7. For larger |c| the same, except where xᶜ⁻¹ is subnormal:
    /// there the slope may be off by |c|/2 ULP.
    powf(exponent = 3.0): Powf, 2.0 => "8.0000, 12.0000", slope "c x^(c - 1)" {
        fn f(&self, x: f64) -> f64 {
            match self.exponent {
                c if x.is_nan() || c.is_nan() => f64::NAN, // f64::powf makes 1 of NaN⁰ and 1ᴺᵃᴺ
                2.0 => x * x,
                c => x.powf(c),
            }
        }
        fn df(&self, x: f64, y: f64) -> f64 {
            let c = self.exponent;
            let lower = c - 1.0;
            match c {
                _ if x.is_nan() || c.is_nan() => f64::NAN,
                0.0 => 0.0,
                // Where c − 1 had to be rounded, as 0.1 − 1, xᶜ/x keeps more digits than xᶜ⁻¹.
                _ if lower + 1.0 != c && y.is_normal() => c * y / x,
                _ => c * x.powf(lower),
            }
        }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> {
            let lower = Powf { exponent: self.exponent - 1.0 }; // (c xᶜ⁻¹)′
            Some(if self.exponent == 0.0 { self.df(x, y) } else { self.exponent * lower.f_df(x).1 })
        }
        fn domain(&self, x: f64) -> bool {
            x > 0.0
                || x == 0.0 && self.exponent >= 0.0
                || x < 0.0 && self.exponent.fract() == 0.0
        }
    }

    // Trigonometric and hyperbolic functions.

    /// `y = sin x` for finite x, in radians; slope `cos x`. Accuracy 1 / 1 ULP.
    sin: Sin, 0.0 => "0.0000, 1.0000", slope "cos(x)" {
        fn f(&self, x: f64) -> f64 { x.sin() }
        fn df(&self, x: f64, _y: f64) -> f64 { x.cos() }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(-y) }
        fn domain(&self, x: f64) -> bool { x.is_finite() }
    }

    /// `y = cos x` for finite x, in radians; slope `−sin x`. Accuracy 1 / 1 ULP.
    cos: Cos, 1.0 => "0.5403, -0.8415", slope "-sin(x)" {
        fn f(&self, x: f64) -> f64 { x.cos() }
        fn df(&self, x: f64, _y: f64) -> f64 { -x.sin() }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(-y) }
        fn domain(&self, x: f64) -> bool { x.is_finite() }
    }

    /// `y = tan x` for finite x, in radians; slope `1 + y²`. Accuracy 1 / 2 ULP.
    ///
    /// No floating-point number is so near to π/2 that this would overflow.
    tan: Tan, 1.0 => "1.5574, 3.4255", slope "1 + y²" {
        fn f(&self, x: f64) -> f64 { x.tan() }
        fn df(&self, _x: f64, y: f64) -> f64 { 1.0 + y * y }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(2.0 * y * (1.0 + y * y)) }
        fn domain(&self, x: f64) -> bool { x.is_finite() }
    }

    /// `y = arctan x`, for all x; slope `1/(1 + x²)`. Accuracy 1 / 3 ULP.
    atan: Atan, 1.0 => "0.7854, 0.5000", slope "1 / (1 + x²)" {
        fn f(&self, x: f64) -> f64 { x.atan() }
        fn df(&self, x: f64, _y: f64) -> f64 {
            let root = x.hypot(1.0); // √(1 + x²), whose square may overflow
            1.0 / root / root
        }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> {
            let slope = self.df(x, y);
            Some(-2.0 * (x.clamp(-1e200, 1e200) * slope) * slope) // ∞ · 0 would be NaN
        }
    }

    /// `y = sinh x = (eˣ − e⁻ˣ)/2`, for all x; slope `cosh x`. Accuracy 2 / 2 ULP.
    sinh: Sinh, 1.0 => "1.1752, 1.5431", slope "cosh(x)" {
        fn f(&self, x: f64) -> f64 { x.sinh() }
        fn df(&self, x: f64, _y: f64) -> f64 { x.cosh() }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(y) }
    }

    /// `y = cosh x = (eˣ + e⁻ˣ)/2`, for all x; slope `sinh x`. Accuracy 2 / 2 ULP.
    cosh: Cosh, 1.0 => "1.5431, 1.1752", slope "sinh(x)" {
        fn f(&self, x: f64) -> f64 { x.cosh() }
        fn df(&self, x: f64, _y: f64) -> f64 { x.sinh() }
        fn d2f(&self, _x: f64, y: f64) -> Option<f64> { Some(y) }
    }

    /// `y = tanh x = 2σ(2x) − 1`, for all x; slope `1 − y² = 4σ′(2x)`. Accuracy 3 / 4 ULP.
    ///
    /// The slope is computed as `4σ′(2x)`: as `1 − y²` it would be exactly 0 from x ≈ 19 on.
    tanh: Tanh, 1.0 => "0.7616, 0.4200", slope "1 - y²" {
        fn f(&self, x: f64) -> f64 { x.tanh() }
        fn df(&self, x: f64, _y: f64) -> f64 { 4.0 * Sigmoid.f_df(2.0 * x).1 }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(-2.0 * y * self.df(x, y)) }
    }

    // The sigmoid and its kin.

    /// `y = σ(x) = 1/(1 + e⁻ˣ)`, for all x; slope `y (1 − y) = σ(x) σ(−x)`. Accuracy 2 / 4 ULP.
    ///
    /// The slope is computed as `e/(1 + e)²` with `e = e^−|x|`: as `y (1 − y)` it would be exactly
    /// 0 from x ≈ 37 on, where the truth is 8.5e-17.
    sigmoid: Sigmoid, 2.0 => "0.8808, 0.1050", slope "y (1 - y)" {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(-self.df(x, y) * (0.5 * x).tanh()) }
        #[inline(always)]
        fn f_df(&self, x: f64) -> (f64, f64) {
            let e = exp_minus_size(x);
            (sigmoid_from(x, e), e / ((1.0 + e) * (1.0 + e)))
        }
    }

    /// `y = ln σ(x) = −softplus(−x)`, for all x; slope `σ(−x)`. Accuracy 2 / 3 ULP.
    log_sigmoid: LogSigmoid, 2.0 => "-0.1269, 0.1192", slope "sigmoid(-x)" {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(-Sigmoid.df(x, y)) }
        fn f_df(&self, x: f64) -> (f64, f64) {
            let (y, slope) = Softplus.f_df(-x); // ln σ(x) = −softplus(−x)
            (-y, slope)
        }
    }

    /// `y = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)`, for all x; slope `σ(x)`. Accuracy 2 / 3 ULP.
    softplus: Softplus, 2.0 => "2.1269, 0.8808", slope "sigmoid(x)" {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> { Some(Sigmoid.df(x, y)) }
        #[inline(always)]
        fn f_df(&self, x: f64) -> (f64, f64) {
            let e = exp_minus_size(x);
            (x.max(0.0) + ln_1p(e), sigmoid_from(x, e)) // a NaN that max drops is in e
        }
    }

    /// `y = x/(1 + |x|)`, for all x; slope `1/(1 + |x|)²`, smooth at 0. Accuracy 2 / 3 ULP.
    softsign: Softsign, 3.0 => "0.7500, 0.0625", slope "1 / (1 + |x|)²" {
        fn f(&self, x: f64) -> f64 {
            if x.is_infinite() { x.signum() } else { x / (1.0 + x.abs()) }
        }
        fn df(&self, x: f64, _y: f64) -> f64 {
            let below = 1.0 + x.abs();
            1.0 / below / below // below² may overflow
        }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> {
            Some(-2.0 * Abs.df(x, y) * self.df(x, y) / (1.0 + x.abs()))
        }
    }

    /// `y = min(max(x/6 + 1/2, 0), 1)`, for all x; slope 1/6 for |x| < 3, else 0, also at the kinks
    /// ±3. Accuracy 1 / ½ ULP.
    hard_sigmoid: HardSigmoid, 1.5 => "0.7500, 0.1667", slope "1/6 if |x| < 3, else 0" {
        fn f(&self, x: f64) -> f64 { ((x + 3.0) / 6.0).clamp(0.0, 1.0) }
        fn df(&self, x: f64, _y: f64) -> f64 {
            match x.abs() {
                size if size < 3.0 => 1.0 / 6.0,
                size if size >= 3.0 => 0.0,
                nan => nan,
            }
        }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { flat(x) }
    }

    // Rectifiers, with a corner at 0.

    /// `y = |x|`, for all x; slope the sign of x, and 0 at the kink x = 0. Exact.
    abs: Abs, -2.0 => "2.0000, -1.0000", slope "sign x" {
        fn f(&self, x: f64) -> f64 { x.abs() }
        fn df(&self, x: f64, _y: f64) -> f64 { if x == 0.0 { 0.0 } else { x.signum() } }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { flat(x) }
    }

    /// `y = max(x, 0)`, for all x; slope 1 for x > 0, else 0, also at the kink x = 0. Exact.
    relu: Relu, 2.0 => "2.0000, 1.0000", slope "1 if x > 0, else 0" {
        fn f(&self, x: f64) -> f64 { if x <= 0.0 { 0.0 } else { x } }
        fn df(&self, x: f64, _y: f64) -> f64 { LeakyRelu { slope: 0.0 }.df(x, x) }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { flat(x) }
    }

    /// `y = x` for x > 0, else `slope·x`; slope 1 or `slope`. Accuracy ½ ULP, the slope is exact.
    ///
    /// At the kink x = 0 the slope is `slope`.
    leaky_relu(slope = 0.01): LeakyRelu, -2.0 => "-0.0200, 0.0100",
        slope "1 if x > 0, else the slope" {
        fn f(&self, x: f64) -> f64 { if x <= 0.0 { self.slope * x } else { x } }
        fn df(&self, x: f64, _y: f64) -> f64 {
            match x {
                x if x <= 0.0 => self.slope,
                x if x > 0.0 => 1.0,
                nan => nan,
            }
        }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { flat(x) }
    }

    /// `y = x` for x > 0, else `α (eˣ − 1)`; slope 1 or `α eˣ`. Accuracy 2 / 2 ULP.
    ///
    /// At x = 0 the slope is α: a kink, unless α = 1.
    elu(alpha = 1.0): Elu, -1.0 => "-0.6321, 0.3679", slope "1 if x > 0, else alpha e^x" {
        fn f(&self, x: f64) -> f64 { if x > 0.0 { x } else { self.alpha * x.exp_m1() } }
        fn df(&self, x: f64, _y: f64) -> f64 {
            if x > 0.0 { 1.0 } else { times_exp(self.alpha, x, x.exp()) }
        }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> {
            if x > 0.0 { flat(x) } else { Some(self.df(x, y)) }
        }
    }

    /// `y = λ elu(x)` with λ = 1.05070… and α = 1.67326…; slope `λ elu′(x)`. Accuracy 2 / 3 ULP.
    ///
    /// At the kink x = 0 the slope is λα. With these two numbers, activations keep mean 0 and
    /// variance 1 from layer to layer (Klambauer et al. 2017).
    selu: Selu, -1.0 => "-1.1113, 0.6468", slope "lambda if x > 0, else lambda alpha e^x" {
        fn f(&self, x: f64) -> f64 { SELU_SCALE * SELU.f(x) }
        fn df(&self, x: f64, y: f64) -> f64 { SELU_SCALE * SELU.df(x, y) }
        fn d2f(&self, x: f64, y: f64) -> Option<f64> {
            SELU.d2f(x, y).map(|curvature| SELU_SCALE * curvature)
        }
    }

    // Rectifiers without a corner: x times a gate that opens from 0 to 1.

    /// `y = x σ(x)`, also called swish, for all x; slope `σ(x) (1 + x σ(−x))`. Accuracy 3 / 4 ULP.
    ///
    /// The slope is 0 at x ≈ −1.278, where y has its minimum −0.278.
    silu: Silu, 1.0 => "0.7311, 0.9277", slope "sigmoid(x) (1 + x sigmoid(-x))" {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { Some(digits::silu_curvature(x)) }
        fn f_df(&self, x: f64) -> (f64, f64) { digits::silu(x) }
    }

    /// `y = x σ(t)` with `t = 2√(2/π) (x + 0.044715 x³)`, for all x; slope `σ(t) (1 + x t′ σ(−t))`.
    ///
    /// The usual approximation of `x Φ(x)`, often written `x/2 (1 + tanh(t/2))`. Accuracy
    /// 3 / 4 ULP, but 5 for the slope within 0.3 of its zero x ≈ −0.752; there its absolute error
    /// is below 1e-16.
    gelu_tanh: GeluTanh, 1.0 => "0.8412, 1.0830", slope "sigmoid(t) (1 + x t' sigmoid(-t))" {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { Some(digits::gelu_tanh_curvature(x)) }
        fn f_df(&self, x: f64) -> (f64, f64) { digits::gelu_tanh(x) }
    }

    /// `y = x tanh(softplus(x))`, for all x; slope `y/x + x sech²(softplus(x)) σ(x)`.
    /// Accuracy 4 / 4 ULP.
    ///
    /// The slope is 0 at x ≈ −1.192, where y has its minimum −0.309.
    mish: Mish, 1.0 => "0.8651, 1.0490", slope "y/x + x sech²(softplus(x)) sigmoid(x)" {
        fn f(&self, x: f64) -> f64 { self.f_df(x).0 }
        fn df(&self, x: f64, _y: f64) -> f64 { self.f_df(x).1 }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { Some(digits::mish_curvature(x)) }
        fn f_df(&self, x: f64) -> (f64, f64) { digits::mish(x) }
    }
}

const SELU: Elu = Elu { alpha: 1.6732632423543772 };
const SELU_SCALE: f64 = 1.0507009873554805;

/// f″ of what is straight on either side.
fn flat(x: f64) -> Option<f64> {
    Some(if x.is_nan() { x } else { 0.0 })
}
