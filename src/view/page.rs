//! What the two pages are put together from.

use super::svg::escape;

/// A page with this body, and a script with its hash after the one that both pages share. The hash
/// is that of a line break and of what the page holds: comments on lines of their own stay here.
pub(super) fn page(title: &str, [hash, script]: [&str; 2], body: String) -> String {
    let code = |script: &str| {
        let lines = script.split_inclusive('\n');
        lines.filter(|line| !line.trim_start().starts_with("//")).collect::<String>()
    };
    let parts = [
        ("{title}", escape(title)),
        ("{hash}", hash.to_string()),
        ("{style}", include_str!("page.css").to_string()),
        ("{body}", body),
        ("{shared}", code(include_str!("page.js"))),
        ("{script}", code(script)),
    ];
    fill(include_str!("page.html"), &parts)
}

/// The template with each `{name}` replaced; what is put in is not looked at again.
pub(super) fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    loop {
        let found = parts.iter().filter_map(|(name, text)| Some((rest.find(name)?, name, text)));
        let Some((at, name, text)) = found.min_by_key(|(at, ..)| *at) else { break };
        page += &rest[..at];
        page += text;
        rest = &rest[at + name.len()..];
    }
    page + rest
}
