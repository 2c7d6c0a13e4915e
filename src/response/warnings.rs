//! The `X-Warnings` header.

use crate::problem::{Code, Problem};

/// Returns the `X-Warnings` header: `code pointer` pairs in printable ASCII, at most 20 of them and 2 KiB, then
/// `more=N`. Returns `None` if there are no warnings.
#[must_use]
pub fn warnings_header(warnings: &[Problem]) -> Option<String> {
    const ENTRIES: usize = 20;
    const BYTES: usize = 2_048;
    // Room for the separator, `more=` and a count.
    const MORE: usize = 16;
    let mut entries = Vec::new();
    let mut room = BYTES.saturating_sub(MORE);
    let listed = warnings
        .iter()
        .filter(|warning| warning.code != Code::ProblemsMore);
    for warning in listed.take(ENTRIES) {
        let entry = format!("{} {}", warning.code.as_str(), printable(&warning.pointer));
        let Some(left) = room.checked_sub(entry.len().saturating_add(2)) else {
            break;
        };
        room = left;
        entries.push(entry);
    }
    let count = warnings.iter().map(Problem::count);
    let more = count
        .fold(0, usize::saturating_add)
        .saturating_sub(entries.len());
    if more > 0 {
        entries.push(format!("more={more}"));
    }
    (!entries.is_empty()).then(|| entries.join(", "))
}

/// A pointer in printable ASCII without commas.
fn printable(pointer: &str) -> String {
    let encode = |byte: u8| match byte {
        b'%' | b',' => format!("%{byte:02X}"),
        byte if byte.is_ascii_graphic() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    pointer.bytes().map(encode).collect()
}
