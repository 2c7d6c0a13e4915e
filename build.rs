//! Lists what the migrations make, so that `/healthz` can ask the database for it: a new migration needs no entry
//! anywhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FOLDER: &str = "migrations";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={FOLDER}");
    let mut names = Vec::new();
    let mut objects = BTreeSet::new();
    for path in migrations(Path::new(FOLDER))? {
        for line in fs::read_to_string(&path)?.lines() {
            apply(line, &mut objects);
        }
        names.extend(
            path.file_name()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    let list = format!(
        "/// The migrations, by their files.\n\
         pub const MIGRATIONS: &[&str] = &{names:?};\n\
         /// What they make: `table`, `index` or `trigger`, and a name.\n\
         pub const OBJECTS: &[&str] = &{:?};\n",
        Vec::from_iter(objects)
    );
    let folder = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .unwrap_or_default();
    fs::write(folder.join("schema.rs"), list)
}

/// The files, in the order in which they are applied.
fn migrations(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Takes in a line that begins a statement. `CREATE` and `DROP` stand at the beginning of a line in all migrations, which
/// the tests of the Worker hold to what a database then has.
fn apply(line: &str, objects: &mut BTreeSet<String>) {
    let mut words = line
        .split(|c: char| c.is_whitespace() || c == '(' || c == ';')
        .filter(|word| !matches!(*word, "" | "UNIQUE" | "IF" | "NOT" | "EXISTS"));
    let (Some(verb), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else {
        return;
    };
    if !matches!(kind, "TABLE" | "INDEX" | "TRIGGER") {
        return;
    }
    let object = format!("{} {name}", kind.to_lowercase());
    match verb {
        "CREATE" => {
            objects.insert(object);
        }
        "DROP" => {
            objects.remove(&object);
        }
        _ => {}
    }
}
