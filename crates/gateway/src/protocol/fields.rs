//! Reads fields out of a frame: each wrong one is named, none is guessed.

use confab_domain::{FieldError, Findings};
use serde_json::{Map, Value};

/// Longest `ref`, in characters.
pub const REF_CHARS_MAX: usize = 64;

/// A frame's fields, and what was found wrong with them.
pub(super) struct Fields {
    map: Map<String, Value>,
    findings: Findings,
}

impl Fields {
    pub(super) fn new(map: Map<String, Value>) -> Self {
        Self {
            map,
            findings: Findings::default(),
        }
    }

    pub(super) fn refuse(&mut self, field: &str, reason: impl Into<String>) {
        self.findings.add(field, reason);
    }

    /// A field that may be absent or null.
    pub(super) fn value(&mut self, field: &str) -> Option<Value> {
        self.map.remove(field).filter(|value| !value.is_null())
    }

    pub(super) fn string(&mut self, field: &str) -> Option<String> {
        match self.value(field)? {
            Value::String(text) => Some(text),
            other => {
                self.refuse(field, format!("must be a string, not {}", kind_of(&other)));
                None
            }
        }
    }

    pub(super) fn required_string(&mut self, field: &str) -> String {
        self.need(field);
        self.string(field).unwrap_or_default()
    }

    /// Something that is written as a string, such as an id.
    pub(super) fn parsed<T: std::str::FromStr>(&mut self, field: &str, what: &str) -> Option<T> {
        let text = self.string(field)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.refuse(field, format!("must be {what}"));
        }
        parsed
    }

    pub(super) fn boolean(&mut self, field: &str) -> Option<bool> {
        match self.value(field)? {
            Value::Bool(value) => Some(value),
            other => {
                self.refuse(field, format!("must be true or false, not {}", kind_of(&other)));
                None
            }
        }
    }

    /// A whole number from 0 on.
    pub(super) fn count(&mut self, field: &str) -> Option<i64> {
        let value = self.value(field)?;
        let count = count_of(&value);
        if count.is_none() {
            self.refuse(field, "must be a whole number, 0 or more");
        }
        count
    }

    /// Notes that a field is missing.
    pub(super) fn need(&mut self, field: &str) {
        if self.map.get(field).is_none_or(Value::is_null) {
            self.refuse(field, "is required");
        }
    }

    pub(super) fn finish(self) -> Result<(), Vec<FieldError>> {
        match self.findings.finish() {
            Err(confab_domain::Error::Invalid(errors)) => Err(errors),
            _ => Ok(()),
        }
    }
}

/// A whole number from 0 on, if it is one.
pub(super) fn count_of(value: &Value) -> Option<i64> {
    value.as_i64().filter(|count| *count >= 0)
}

/// What a value is, for a reason.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
