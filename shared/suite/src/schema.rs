//! JSON Schema of the files, made from the vocabulary, so that editors complete and check them.

use serde_json::{Map, Value, json};

use crate::vocabulary::files::{ENVIRONMENT, GATE, SETTINGS, SUITE, VALUE};
use crate::vocabulary::steps::{CHECK, KINDS};
use crate::vocabulary::{Noun, Shape, Support};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of suites.
pub fn suite() -> Value {
    of(&SUITE, "Suite of the Muster test grid")
}

/// The schema of environments.
pub fn environment() -> Value {
    of(&ENVIRONMENT, "Environment of the Muster test grid")
}

/// Every published schema with its file name.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("muster-suite.schema.json", suite()),
        ("muster-environment.schema.json", environment()),
        (
            "muster-gate.schema.json",
            of(&GATE, "Gate of the Muster test grid"),
        ),
        (
            "muster-value.schema.json",
            of(&VALUE, "Value file of the Muster test grid"),
        ),
        (
            "muster-settings.schema.json",
            of(&SETTINGS, "Settings of the Muster test grid"),
        ),
    ]
}

/// The schema of suites as text, with a line break at its end.
pub fn json() -> String {
    text(&suite())
}

/// A schema as it is published.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn of(root: &'static Noun, title: &str) -> Value {
    let mut making = Making {
        definitions: Map::new(),
    };
    let body = making.noun(root);
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!(DIALECT));
    schema.insert("title".into(), json!(title));
    if let Value::Object(body) = body {
        schema.extend(body);
    }
    schema.insert("$defs".into(), Value::Object(making.definitions));
    Value::Object(schema)
}

struct Making {
    definitions: Map<String, Value>,
}

impl Making {
    /// Keys that don't run yet are left out: the schema completes what can be used.
    fn noun(&mut self, noun: &'static Noun) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for key in noun
            .all()
            .filter(|key| !matches!(key.support, Support::NotYet(_)))
        {
            let mut shape = self.shape(&key.shape);
            if let Value::Object(shape) = &mut shape {
                shape.insert("description".into(), json!(key.about));
            }
            properties.insert(key.name.into(), shape);
            if key.support == Support::Required {
                required.push(key.name);
            }
        }
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    fn reference(&mut self, noun: &'static Noun) -> Value {
        if !self.definitions.contains_key(noun.id) {
            // Its place is taken first, because nouns mention one another.
            self.definitions.insert(noun.id.into(), Value::Null);
            let body = self.noun(noun);
            self.definitions.insert(noun.id.into(), body);
        }
        json!({ "$ref": format!("#/$defs/{}", noun.id) })
    }

    fn steps(&mut self) -> Value {
        if !self.definitions.contains_key("steps") {
            self.definitions.insert("steps".into(), Value::Null);
            let mut kinds: Vec<Value> =
                KINDS.iter().map(|(_, noun)| self.reference(noun)).collect();
            let check = self.reference(&CHECK);
            kinds.push(json!({
                "allOf": [check, { "anyOf": [{ "required": ["check"] }, { "required": ["save"] }] }],
            }));
            let steps = json!({ "type": "array", "minItems": 1, "items": { "oneOf": kinds } });
            self.definitions.insert("steps".into(), steps);
        }
        json!({ "$ref": "#/$defs/steps" })
    }

    fn shape(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Text | Shape::Template => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Name => json!({
                "type": ["string", "integer"],
                "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
            }),
            Shape::Expression => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Duration => json!({
                "type": "string",
                "pattern": "^([0-9.]+(ms|s|m|h|d))+$",
            }),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Integer { least, most } => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Shape::Scalar => json!({ "type": ["string", "number", "boolean", "null"] }),
            Shape::Any => json!({}),
            Shape::Words(words) => json!({ "enum": words }),
            Shape::List(item) => json!({ "type": "array", "items": self.shape(item) }),
            Shape::Map(value) => {
                json!({ "type": "object", "additionalProperties": self.shape(value) })
            }
            Shape::OneOf(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.shape(shape)).collect();
                json!({ "anyOf": shapes })
            }
            Shape::Noun(noun) => self.reference(noun),
            Shape::Steps => self.steps(),
        }
    }
}
