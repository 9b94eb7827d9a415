//! What the list of functions is made into.

use super::Activation;
use crate::tape::Operation;

/// The same activation, behind a pointer: a layer of a network holds a `Box<dyn Activation>`.
macro_rules! forward_to_target {
    ($($pointer:ty),*) => {$(
        impl<A: Activation + ?Sized> Activation for $pointer {
            fn name(&self) -> &'static str { (**self).name() }
            fn f(&self, x: f64) -> f64 { (**self).f(x) }
            fn df(&self, x: f64, y: f64) -> f64 { (**self).df(x, y) }
            fn d2f(&self, x: f64, y: f64) -> Option<f64> { (**self).d2f(x, y) }
            fn f_df(&self, x: f64) -> (f64, f64) { (**self).f_df(x) }
            fn f_df_all(&self, x: &[f64], y: &mut [f64], slope: &mut [f64]) {
                (**self).f_df_all(x, y, slope)
            }
            fn slope(&self) -> Option<&'static str> { (**self).slope() }
            fn operation(&self) -> Operation { (**self).operation() }
            fn domain(&self, x: f64) -> bool { (**self).domain(x) }
            fn parameter(&self) -> Option<f64> { (**self).parameter() }
        }
    )*};
}
forward_to_target!(&A, Box<A>);

/// From one entry: the type with its `impl Activation`, the method on both tapes, an example for
/// the documentation of both, and the place in the list of all.
macro_rules! functions {
    ($(
        $(#[$doc:meta])*
        $method:ident $(($argument:ident = $sample:literal))?: $Name:ident,
        $x:literal => $shown:literal, slope $slope:literal { $($item:tt)* }
    )*) => {
        documented! {$(
            $(#[$doc])*
            ///
            /// ```
            /// use chainrule::{activation::*, scalar::Tape};
            #[doc = concat!("let f = ", stringify!($Name $({ $argument: $sample })?), ";")]
            #[doc = concat!("let (y, slope) = f.f_df(", stringify!($x), "); // on plain numbers")]
            #[doc = concat!("assert_eq!(format!(\"{y:.4}, {slope:.4}\"), \"", $shown, "\");")]
            ///
            /// let tape = Tape::new();
            #[doc = concat!("let x = tape.var(", stringify!($x), ");")]
            #[doc = concat!("let z = x.", stringify!($method), "(", $(stringify!($sample),)? ");")]
            /// assert_eq!((z.value(), z.backward().wrt(x)), (y, slope));
            /// ```
            $method: $Name $($argument)? $slope { $($item)* }
        )*}

        /// Every function of this module as a method, for whatever can apply one.
        pub trait Functions: Sized {
            /// `y = f(x)`, for any [`Activation`]: the crate's or your own.
            #[track_caller]
            fn apply(self, f: impl Activation) -> Self;
            $(
                $(#[$doc])*
                #[track_caller]
                fn $method(self $(, $argument: f64)?) -> Self {
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
        pub fn all() -> Vec<Box<dyn Activation + Send + Sync>> {
            vec![$(Box::new($Name $({ $argument: $sample })?)),*]
        }

        /// The function of this name; of those with a parameter, the one with this.
        ///
        /// ```
        /// use chainrule::activation::{Activation, named};
        /// assert_eq!(named("leaky_relu", Some(0.25)).unwrap().f(-2.0), -0.5);
        /// assert!(named("leaky_relu", None).is_none() && named("frob", None).is_none());
        /// ```
        pub fn named(name: &str, parameter: Option<f64>) -> Option<Box<dyn Activation + Send + Sync>> {
            match name {
                $(stringify!($method) => Some(Box::new($Name $({ $argument: parameter? })?)),)*
                _ => None,
            }
        }
    };
}

macro_rules! documented {
    ($(
        $(#[$doc:meta])*
        $method:ident: $Name:ident $($argument:ident)? $slope:literal { $($item:tt)* }
    )*) => {
        $(
            structure! { $(#[$doc])* $Name $($argument)? }

            impl Activation for $Name {
                fn name(&self) -> &'static str { stringify!($method) }
                fn slope(&self) -> Option<&'static str> { Some($slope) }
                fn operation(&self) -> Operation { Operation::ours(self.name(), [$slope, ""]) }
                $(fn parameter(&self) -> Option<f64> { Some(self.$argument) })?
                $($item)*
            }
        )*

        /// The methods on both tapes; `arithmetic`, which has their `apply`, puts them there.
        macro_rules! methods {
            () => {
                impl<V: Number> Var<'_, V> {$(
                    $(#[$doc])*
                    #[track_caller]
                    pub fn $method(self $(, $argument: f64)?) -> Self {
                        self.apply($crate::activation::$Name $({ $argument })?)
                    }
                )*}
            };
        }
        pub(crate) use methods;
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
