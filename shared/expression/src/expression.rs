//! One compiled CEL expression: what it reads, whether it can vary, what is suspicious about it,
//! and its evaluation under a budget. Compiling goes `parse` → `lower` → `infer` → `fold` → `lint`.

use std::sync::Arc;

use crate::budget::Budget;
use crate::error::{CompileError, EvalError, Lint};
use crate::scope::Scope;
use crate::value::Value;

/// A compiled expression; a clone shares it.
#[derive(Debug, Clone)]
pub struct Expression {
    shared: Arc<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    source: String,
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
        let fail = |message: String| CompileError {
            offset: 0,
            len: 1,
            message,
            fix: None,
        };
        let ast = cel::parser::Parser::new()
            .parse(source)
            .map_err(|e| fail(e.to_string()))?;
        let references = ast.references();
        let roots = references.variables().into_iter().map(Arc::from).collect();
        let source = source.to_owned();
        let shared = Compiled {
            source,
            roots,
            lints: Vec::new(),
            type_name: None,
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
        self.shared.roots.is_empty()
    }

    /// The constant result, where folding found one.
    #[must_use]
    pub fn constant(&self) -> Option<&Value> {
        None
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

    /// Evaluates in `scope`, taking steps from `budget`.
    ///
    /// # Errors
    /// A missing field, kinds that do not go together, an index beyond a list, a spent budget, an
    /// undeclared name, or a function that refuses its values.
    pub fn evaluate(&self, scope: &Scope, budget: &mut Budget) -> Result<Evaluated, EvalError> {
        let _ = (scope, budget);
        Err(EvalError {
            kind: crate::ErrorKind::Function,
            message: "the evaluator is not in this commit yet".to_owned(),
            offset: 0,
            len: self.source().len(),
            reads: Vec::new(),
        })
    }
}
