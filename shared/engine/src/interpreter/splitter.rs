//! Cuts the bytes of an answer into records: server-sent events, lines, chunks.
//!
//! Events are split as the WHATWG's standard on server-sent events says; newline-delimited JSON by
//! lines; anything else by the chunks in which it arrived.

use ::http::HeaderMap;
use ::http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::recording::Record;

/// The records that an answer of this content type is cut into: each its kind and its bytes. For
/// tools and tests, which have all pieces at hand.
pub fn stream_records(content_type: &str, pieces: &[&[u8]]) -> Vec<(String, Bytes)> {
    let mut splitter = Splitter::for_type(content_type);
    let mut records: Vec<Record> = Vec::new();
    for piece in pieces {
        records.extend(splitter.split(Some(piece), 0.0));
    }
    records.extend(splitter.split(None, 0.0));
    let plain = |record: Record| (record.kind.to_string(), record.bytes);
    records.into_iter().map(plain).collect()
}

/// Cuts an answer into records as its bytes come.
#[derive(Debug)]
pub(super) enum Splitter {
    Events(Events),
    Lines(Vec<u8>),
    Chunks,
}

/// An event that is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Events {
    pending: Vec<u8>,
    name: String,
    data: Vec<u8>,
    has_data: bool,
    /// The last line ended with CR: an LF right behind it belongs to it.
    skip_newline: bool,
}

impl Splitter {
    pub(super) fn for_answer(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE);
        Self::for_type(
            kind.and_then(|value| value.to_str().ok())
                .unwrap_or_default(),
        )
    }

    fn for_type(content_type: &str) -> Self {
        let kind = content_type.to_ascii_lowercase();
        if kind.starts_with("text/event-stream") {
            Self::Events(Events::default())
        } else if kind.contains("ndjson") || kind.contains("jsonl") || kind.contains("json-seq") {
            Self::Lines(Vec::new())
        } else {
            Self::Chunks
        }
    }

    /// The records that a piece completes; `None` is the end.
    pub(super) fn split(&mut self, piece: Option<&[u8]>, at_ms: f64) -> Vec<Record> {
        match (self, piece) {
            (Self::Events(events), Some(bytes)) => events.take(bytes, at_ms),
            // An event without its closing empty line is not an event.
            (Self::Events(_) | Self::Chunks, None) => Vec::new(),
            (Self::Lines(pending), Some(bytes)) => lines(pending, bytes, at_ms),
            (Self::Lines(pending), None) => line_record(&std::mem::take(pending), at_ms)
                .into_iter()
                .collect(),
            (Self::Chunks, Some([])) => Vec::new(),
            (Self::Chunks, Some(bytes)) => {
                vec![Record::new(at_ms, "chunk", Bytes::copy_from_slice(bytes))]
            }
        }
    }
}

fn lines(pending: &mut Vec<u8>, bytes: &[u8], at_ms: f64) -> Vec<Record> {
    let mut records = Vec::new();
    for &byte in bytes {
        if byte == b'\n' {
            records.extend(line_record(pending, at_ms));
            pending.clear();
        } else {
            pending.push(byte);
        }
    }
    records
}

fn line_record(line: &[u8], at_ms: f64) -> Option<Record> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\x1e").unwrap_or(line);
    (!line.is_empty()).then(|| Record::new(at_ms, "line", Bytes::copy_from_slice(line)))
}

impl Events {
    fn take(&mut self, bytes: &[u8], at_ms: f64) -> Vec<Record> {
        let mut records = Vec::new();
        for &byte in bytes {
            let is_rest_of_line_end = byte == b'\n' && std::mem::take(&mut self.skip_newline);
            match byte {
                _ if is_rest_of_line_end => {}
                b'\n' | b'\r' => {
                    self.skip_newline = byte == b'\r';
                    let line = std::mem::take(&mut self.pending);
                    records.extend(self.line(&line, at_ms));
                }
                _ => {
                    self.skip_newline = false;
                    self.pending.push(byte);
                }
            }
        }
        records
    }

    fn line(&mut self, line: &[u8], at_ms: f64) -> Option<Record> {
        if line.is_empty() {
            return self.finish(at_ms);
        }
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            // A comment keeps a connection alive; `id` and `retry` matter to reconnects only.
            _ => {}
        }
        None
    }

    fn finish(&mut self, at_ms: f64) -> Option<Record> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        let name = if name.is_empty() { "message" } else { &name };
        std::mem::take(&mut self.has_data).then(|| Record::new(at_ms, name, Bytes::from(data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(kind: &str, pieces: &[&str]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        let mut splitter = Splitter::for_answer(&headers);
        let mut records: Vec<Record> = pieces
            .iter()
            .flat_map(|piece| splitter.split(Some(piece.as_bytes()), 0.0))
            .collect();
        records.extend(splitter.split(None, 0.0));
        records
            .iter()
            .map(|record| {
                (
                    record.kind.to_string(),
                    String::from_utf8_lossy(&record.bytes).into_owned(),
                )
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(kind, text)| ((*kind).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn events_are_whole_however_they_are_cut() {
        let text = "event: started\r\ndata: {\"a\":1}\r\n\r\n: still here\ndata: x\ndata: y\n\ndata: unfinished";
        let expected = pairs(&[("started", "{\"a\":1}"), ("message", "x\ny")]);
        assert_eq!(split("text/event-stream", &[text]), expected);
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(split("text/event-stream", &bytes), expected);
    }

    #[test]
    fn lines_and_chunks_are_records_too() {
        assert_eq!(
            split("application/x-ndjson", &["{}\n{\"a\"", ":1}\n[]"]),
            pairs(&[("line", "{}"), ("line", "{\"a\":1}"), ("line", "[]")])
        );
        assert_eq!(
            split("text/plain", &["ab", "c"]),
            pairs(&[("chunk", "ab"), ("chunk", "c")])
        );
    }
}
