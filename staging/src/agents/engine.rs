//! What an agent does with a prompt: pure, the same every time, different for every prompt.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The agents that can be asked.
pub(crate) const AGENTS: [&str; 3] = ["triage", "data", "optimization"];

/// The work on one prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    pub(super) thoughts: Vec<String>,
    pub(super) tools: Vec<ToolCall>,
    pub(super) answer: String,
}

/// One use of a tool, with what it found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToolCall {
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    pub(super) parameters: Value,
    pub(super) result: Value,
}

/// Works on a prompt.
pub(super) fn work(agent: &str, prompt: &str) -> Work {
    let Statistics {
        words,
        distinct,
        longest,
    } = statistics(prompt);
    let digest = digest(prompt);
    let thoughts = vec![
        format!(
            "the {agent} agent reads a prompt of {} characters",
            prompt.chars().count()
        ),
        format!("it has {words} words, so statistics and a digest will do"),
    ];
    let counted = ToolCall {
        name: "text_statistics",
        purpose: "count what the prompt consists of",
        parameters: json!({ "text": prompt }),
        result: json!({ "words": words, "distinct": distinct, "longest": longest }),
    };
    let fingerprint = ToolCall {
        name: "text_digest",
        purpose: "name the prompt by its content",
        parameters: json!({ "algorithm": "sha256" }),
        result: json!({ "sha256": digest }),
    };
    let answer = format!(
        "The {agent} agent was asked: {prompt}\n\
         It counted {words} words in the question, {distinct} of them distinct, and the longest of \
         them has {longest} characters. The whole question is known by the digest {digest}, \
         under which the same question will be found again whoever asks it next time.",
    );
    Work {
        thoughts,
        tools: vec![counted, fingerprint],
        answer,
    }
}

/// What a text consists of; lengths are in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) words: usize,
    pub(crate) distinct: usize,
    pub(crate) longest: usize,
}

/// Counts a text's words.
pub(crate) fn statistics(text: &str) -> Statistics {
    let words: Vec<&str> = text.split_whitespace().collect();
    let lengths = words.iter().map(|word| word.chars().count());
    Statistics {
        words: words.len(),
        distinct: words.iter().collect::<BTreeSet<_>>().len(),
        longest: lengths.max().unwrap_or(0),
    }
}

/// SHA-256 of a text, as hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}

/// Cuts a text into so many pieces at spaces, as far as it has words enough; joined again they
/// are the text.
pub(super) fn pieces(text: &str, wanted: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let wanted = wanted.clamp(1, words.len().max(1));
    (0..wanted)
        .map(|i| words[words.len() * i / wanted..words.len() * (i + 1) / wanted].concat())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_holds_the_prompt_and_what_the_tools_found() {
        let work = work("triage", "why why not");
        assert!(work.answer.contains("why why not"));
        assert!(work.answer.contains(&digest("why why not")));
        assert_eq!(
            work.tools[0].result,
            json!({ "words": 3, "distinct": 2, "longest": 3 })
        );
    }

    #[test]
    fn pieces_joined_are_the_text() {
        let text = work("data", "a b c").answer;
        let pieces = pieces(&text, 16);
        assert_eq!(pieces.len(), 16);
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        assert_eq!(pieces.concat(), text);
        assert_eq!(super::pieces("", 4), [""]);
        assert_eq!(super::pieces("one", 4), ["one"]);
    }
}
