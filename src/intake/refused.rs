//! An option that is not taken: a panel ignores it with a notice, and the command line refuses it.

use std::fmt;

/// The longest text that is quoted.
pub(super) const SHOWN: usize = 60;

/// An option that is not taken. Its `Display` is the reason, as it stands behind "`step` is ignored" or "--step cannot be used".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionRefusal {
    /// The option.
    pub option: &'static str,
    /// What is wrong with its value.
    pub problem: OptionProblem,
}

/// What is wrong with the value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionProblem {
    /// It means nothing.
    Unknown {
        /// The value, cut where it is long.
        value: String,
        /// The allowed values that look most like it.
        near: Vec<String>,
        /// What is allowed, in words.
        expected: String,
    },
    /// It is longer than so many bytes.
    TooLong {
        /// The most bytes.
        most: usize,
    },
    /// It is a variable that nobody replaced.
    Variable {
        /// The value.
        value: String,
    },
}

impl OptionRefusal {
    /// The refusal of a value that means nothing.
    pub(super) fn unknown(option: &'static str, value: &str, near: &[&str], expected: String) -> Self {
        let (value, near) = (value.chars().take(SHOWN).collect(), near.iter().map(|near| (*near).to_owned()).collect());
        Self { option, problem: OptionProblem::Unknown { value, near, expected } }
    }

    /// What a panel is told.
    pub(super) fn notice(&self) -> String {
        format!("`{}` is ignored{self}", self.option)
    }
}

impl fmt::Display for OptionRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            OptionProblem::Unknown { value, near, expected } if near.is_empty() => {
                write!(f, ", as {value:?} is unknown: {expected}")
            }
            OptionProblem::Unknown { value, near, .. } => {
                write!(f, ", as {value:?} is unknown: did you mean {}?", near.join(", "))
            }
            OptionProblem::TooLong { most } => write!(f, ": it is longer than {most} bytes"),
            OptionProblem::Variable { value } => write!(f, ", as {value:?} is a variable of a dashboard"),
        }
    }
}
