//! One compiled CEL expression: what it reads, whether it can vary, what is suspicious about it,
//! and its evaluation under a budget. Compiling goes `parse` → `lower` → `infer` → `fold` → `lint`.

use std::sync::Arc;

use crate::budget::Budget;
use crate::certain::{self, About, Certain};
use crate::error::{CompileError, EvalError, Lint};
use crate::scope::Scope;
use crate::tree::{Kind, Node};
use crate::value::Value;
use crate::{evaluate, fold, infer, lint, lower, parse};

/// A compiled expression; a clone shares it.
#[derive(Debug, Clone)]
pub struct Expression {
    shared: Arc<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    source: String,
    tree: Node,
    roots: Vec<Arc<str>>,
    lints: Vec<Lint>,
    type_name: Option<&'static str>,
}

/// What an evaluation gave, and what it read on the way.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The result, with the marks of all it was computed from.
    pub value: Value,
    /// The outermost paths that were read, each once, in order, a bounded number of them. Where a
    /// loop decided the result, what its deciding item held is among them.
    pub reads: Vec<(String, Value)>,
    /// Whether anything received from the target in this case was read.
    pub read_received: bool,
}

impl Expression {
    /// Compiles CEL.
    ///
    /// # Errors
    /// The first thing wrong with it: syntax, an unknown function, a wrong number of arguments,
    /// kinds of values that cannot go together, or more nodes and nesting than the bounds allow.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        parse::with_stack_for(source, || Self::compile_here(source))
    }

    fn compile_here(source: &str) -> Result<Self, CompileError> {
        let parsed = parse::parse(source)?;
        let lowered = lower::lower(source, &parsed)?;
        let type_name = infer::check(&lowered.tree)?.name();
        let lints = lint::lints(&lowered.tree);
        let tree = fold::fold(lowered.tree, source)?;
        let source = source.to_owned();
        let shared = Compiled {
            source,
            tree,
            roots: lowered.roots,
            lints,
            type_name,
        };
        Ok(Expression {
            shared: Arc::new(shared),
        })
    }

    /// The source as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.shared.source
    }

    /// The free variables, each once, in the order they appear.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = &str> {
        self.shared.roots.iter().map(|root| &**root)
    }

    /// Whether the result is the same whatever the scope and the effects are.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.constant().is_some() || fold::is_closed(&self.shared.tree)
    }

    /// The constant result, where folding found one.
    #[must_use]
    pub fn constant(&self) -> Option<&Value> {
        match &self.shared.tree.kind {
            Kind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The kind of value it gives where that is known without data, in the words of
    /// [`Value::type_name`]: a check whose kind is known must be `bool`.
    #[must_use]
    pub fn type_name(&self) -> Option<&'static str> {
        self.shared.type_name
    }

    /// What evaluates but is probably not meant.
    #[must_use]
    pub fn lints(&self) -> &[Lint] {
        &self.shared.lints
    }

    /// Whether its outcome, as a check, is known whatever the target answers, and why. `given` held
    /// before it was asked; `about` says what is known of each free variable.
    #[must_use]
    pub fn certainty(
        &self,
        given: Option<&Expression>,
        about: &dyn Fn(&str) -> About,
    ) -> Option<Certain> {
        let given = given.map(|given| &given.shared.tree);
        certain::certainty(&self.shared.tree, self.source(), given, about)
    }

    /// Evaluates in `scope`, taking steps from `budget`.
    ///
    /// # Errors
    /// A missing field, kinds that do not go together, an index beyond a list, a spent budget, an
    /// undeclared name, or a function that refuses its values.
    pub fn evaluate(&self, scope: &Scope, budget: &mut Budget) -> Result<Evaluated, EvalError> {
        evaluate::evaluate(&self.shared.tree, &self.shared.source, scope, budget)
    }
}
