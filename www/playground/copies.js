// Writes a request as code in several languages. The code reads the token from a variable, so that people can share it.

/** The description of a request that the writers take. */
export function describeRequest(url, body) {
  return { method: 'POST', url, type: ['Content-Type', 'application/json'], auth: ['Authorization', 'Bearer '], body };
}

/** The writers, by language. */
export const languages = {
  curl({ method, url, type, auth, body }) {
    const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
    return `curl -X ${method} -H ${quoted(type.join(': '))} -H "${auth.join(': ')}$TOKEN" \\
  -d ${quoted(body)} \\
  ${quoted(url)}`;
  },

  fetch({ method, url, type, auth, body }) {
    const template = (text) => `\`${text.replaceAll(/[\\`]|\$\{/g, '\\$&')}\``;
    return `// Run this in a backend. Never put a token into a page.
const response = await fetch(${JSON.stringify(url)}, {
  method: ${JSON.stringify(method)},
  headers: {
    ${JSON.stringify(type[0])}: ${JSON.stringify(type[1])},
    ${JSON.stringify(auth[0])}: \`${auth[1]}\${process.env.TOKEN}\`,
  },
  body: ${template(body)},
});
console.log(response.status, await response.text());
`;
  },

  Python({ method, url, type, auth, body }) {
    const literal = (text) => `'''${text.replaceAll('\\', '\\\\').replaceAll("'''", "\\'\\'\\'").replace(/'$/, "\\'")}'''`;
    return `import os
import urllib.error
import urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    method=${JSON.stringify(method)},
    headers={
        ${JSON.stringify(type[0])}: ${JSON.stringify(type[1])},
        ${JSON.stringify(auth[0])}: f"${auth[1]}{os.environ['TOKEN']}",
    },
    data=${literal(body)}.encode(),
)
try:
    with urllib.request.urlopen(request) as response:
        print(response.status, response.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
`;
  },

  Rust({ method, url, type, auth, body }) {
    const longest = Math.max(0, ...[...body.matchAll(/"(#+)/g)].map(([, hashes]) => hashes.length));
    const hashes = '#'.repeat(longest + 1);
    return `// cargo add ureq
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = std::env::var("TOKEN")?;
    let body = r${hashes}"${body}"${hashes};
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut response = agent
        .${method.toLowerCase()}(${JSON.stringify(url)})
        .header(${JSON.stringify(type[0])}, ${JSON.stringify(type[1])})
        .header(${JSON.stringify(auth[0])}, format!("${auth[1]}{token}"))
        .send(body)?;
    println!("{} {}", response.status().as_u16(), response.body_mut().read_to_string()?);
    Ok(())
}
`;
  },
};
