//! The names an expression can read: layers, each reading outwards and writing only itself.
//! A child is a snapshot: what its parent sets later stays invisible to it. The effects that a
//! pure expression may ask for (clock, randomness, metrics) ride along.

use std::fmt::Debug;
use std::sync::Arc;

use crate::value::Value;

/// What an expression may learn that is not in its scope. The engine injects and records it.
pub trait Effects: Debug + Send + Sync {
    /// Milliseconds since the Unix epoch, by the worker's clock.
    fn now_ms(&self) -> i64;
    /// The next number of a seeded sequence, uniform over all of `u64`.
    fn random(&self) -> u64;
    /// The custom measure of that name over the entries whose labels equal `labels` (a map), or
    /// nothing when there is no such measure.
    fn metric(&self, name: &str, labels: &Value) -> Option<Value> {
        let _ = (name, labels);
        None
    }
}

/// No clock and a fixed sequence: for folding constants and for files read without a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEffects;

impl Effects for NoEffects {
    fn now_ms(&self) -> i64 {
        0
    }

    fn random(&self) -> u64 {
        0
    }
}

/// Names and values, in layers.
#[derive(Debug, Clone)]
pub struct Scope {
    effects: Arc<dyn Effects>,
    layer: Arc<Layer>,
}

#[derive(Debug, Clone, Default)]
struct Layer {
    parent: Option<Arc<Layer>>,
    names: Vec<(Arc<str>, Value)>,
}

impl Scope {
    /// An empty scope.
    #[must_use]
    pub fn new(effects: Arc<dyn Effects>) -> Self {
        Scope {
            effects,
            layer: Arc::default(),
        }
    }

    /// An inner scope: it reads everything that is here now.
    #[must_use]
    pub fn child(&self) -> Self {
        let layer = Layer {
            parent: Some(Arc::clone(&self.layer)),
            names: Vec::new(),
        };
        Scope {
            effects: Arc::clone(&self.effects),
            layer: Arc::new(layer),
        }
    }

    /// The same names with other effects, such as the next iteration's randomness.
    #[must_use]
    pub fn with_effects(&self, effects: Arc<dyn Effects>) -> Self {
        Scope {
            effects,
            layer: Arc::clone(&self.layer),
        }
    }

    /// Sets `name` in this layer; an outer one of that name is hidden, never changed.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        let names = &mut Arc::make_mut(&mut self.layer).names;
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => names.push((name, value)),
        }
    }

    /// What `name` means here, the innermost layer first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut layer = Some(&self.layer);
        while let Some(current) = layer {
            if let Some((_, value)) = current.names.iter().find(|(known, _)| **known == *name) {
                return Some(value);
            }
            layer = current.parent.as_ref();
        }
        None
    }

    /// Whether this very layer sets `name`.
    #[must_use]
    pub fn has_own(&self, name: &str) -> bool {
        self.layer.names.iter().any(|(known, _)| **known == *name)
    }

    /// All names that can be read, the innermost first; a hidden one comes twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(&self.layer), |layer| layer.parent.as_ref())
            .flat_map(|layer| layer.names.iter().map(|(name, _)| &**name))
    }

    pub(crate) fn effects(&self) -> &dyn Effects {
        &*self.effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_scope_reads_outwards_and_never_writes_outwards() {
        let mut test = Scope::new(Arc::new(NoEffects));
        test.set("thread", Value::text("t1"));
        let mut block = test.child();
        assert_eq!(block.get("thread"), Some(&Value::text("t1")));
        block.set("thread", Value::text("t2"));
        block.set("page", Value::int(3));
        assert_eq!(block.get("thread"), Some(&Value::text("t2")));
        assert_eq!(test.get("thread"), Some(&Value::text("t1")));
        assert_eq!(test.get("page"), None);
        assert!(block.has_own("page") && !block.child().has_own("page"));
    }

    #[test]
    fn a_child_does_not_see_what_its_parent_sets_later() {
        let mut test = Scope::new(Arc::new(NoEffects));
        test.set("a", Value::int(1));
        let branch = test.child();
        test.set("a", Value::int(2));
        test.set("b", Value::int(2));
        assert_eq!(branch.get("a"), Some(&Value::int(1)));
        assert_eq!(branch.get("b"), None);
        assert_eq!(branch.names().collect::<Vec<_>>(), ["a"]);
    }
}
