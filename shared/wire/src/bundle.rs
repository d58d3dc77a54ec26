//! What workers execute from: the files of the suites, the environment, the run's variables.

use prost::Message;
use proto::v1;

use crate::bad_message::{BadMessage, read};

/// Files in their order, by relative path with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    pub files: Vec<(String, Vec<u8>)>,
    /// Path of the environment among the files.
    pub environment: String,
    /// `--var` names and values.
    pub vars: Vec<(String, String)>,
}

pub fn encode(bundle: &Bundle) -> Vec<u8> {
    let file = |(path, content): &(String, Vec<u8>)| v1::BundleFile {
        path: path.clone(),
        content: content.clone(),
    };
    v1::Bundle {
        files: bundle.files.iter().map(file).collect(),
        environment: bundle.environment.clone(),
        vars: encode_pairs(&bundle.vars),
    }
    .encode_to_vec()
}

pub fn decode(bytes: &[u8]) -> Result<Bundle, BadMessage> {
    let message: v1::Bundle = read("the bundle", bytes)?;
    let files = message.files.into_iter();
    Ok(Bundle {
        files: files.map(|file| (file.path, file.content)).collect(),
        environment: message.environment,
        vars: decode_pairs(message.vars),
    })
}

pub(crate) fn encode_pairs(pairs: &[(String, String)]) -> Vec<v1::Variable> {
    let pair = |(name, value): &(String, String)| v1::Variable {
        name: name.clone(),
        value: value.clone(),
    };
    pairs.iter().map(pair).collect()
}

pub(crate) fn decode_pairs(messages: Vec<v1::Variable>) -> Vec<(String, String)> {
    messages
        .into_iter()
        .map(|message| (message.name, message.value))
        .collect()
}
