//! A target small enough to be judged by eye: one HTTP/1.1 request a connection, answers by a table.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::Result;

/// What it answers with.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// `200 OK`
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Serves `table` (from the request's first line) on a free port until the process ends.
///
/// # Errors
/// When no port is free.
pub fn serve(table: impl Fn(&str) -> Answer + Send + 'static) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    // It holds nothing but its socket, and goes with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that went away is its own affair.
            let _ = answer(&stream, &table);
        }
    });
    Ok(address)
}

fn answer(mut stream: &TcpStream, table: &impl Fn(&str) -> Answer) -> Result<()> {
    let answer = table(&read_request(stream)?);
    let headers: String = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    stream.write_all((head + &answer.body).as_bytes())?;
    Ok(())
}

/// The first line; headers and body are read and let go.
fn read_request(stream: &TcpStream) -> Result<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    Ok(first)
}
