package dev.ctstream.metrics;

/** The page at {@code /}: what a person wants to see first. No scripts, no external resources. */
final class StatusPage {
    private StatusPage() {}

    static String html(Health health, String statusJson) {
        StringBuilder page = new StringBuilder(2048);
        page.append("""
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
                <title>ctstream</title>
                <style>
                body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }
                table { border-collapse: collapse } td, th { padding: .2em 1em .2em 0; text-align: left }
                .good { color: #17692b } .bad { color: #a3161b; font-weight: bold }
                pre { background: #f4f4f4; color: #222; padding: 1em; overflow-x: auto }
                </style></head><body>
                """);
        boolean ready = health.ready();
        page.append("<h1>ctstream is <span class=\"").append(ready ? "good\">ready" : "bad\">not ready");
        page.append("</span></h1>\n<table><tr><th>component</th><th>state</th><th>reason</th></tr>\n");
        health.components().forEach((component, state) -> {
            String word = state.ready() ? "ready" : state.failed() ? "failed" : "not ready";
            page.append("<tr><td>").append(escape(component));
            page.append("</td><td class=\"")
                    .append(state.ready() ? "good" : "bad")
                    .append("\">")
                    .append(word);
            page.append("</td><td>").append(escape(state.reason())).append("</td></tr>\n");
        });
        page.append("</table>\n<h2>Status</h2>\n<pre>")
                .append(escape(indent(statusJson)))
                .append("</pre>\n");
        page.append("<p><a href=\"/metrics\">/metrics</a> <a href=\"/readyz\">/readyz</a> ");
        page.append("<a href=\"/livez\">/livez</a> <a href=\"/status\">/status</a></p>\n</body></html>\n");
        return page.toString();
    }

    /** Breaks one line of JSON into indented lines, one per member. */
    private static String indent(String json) {
        StringBuilder out = new StringBuilder(json.length() * 2);
        int depth = 0;
        boolean quoted = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (quoted || c == '"') {
                quoted = c == '"' ? !quoted : quoted;
                out.append(c);
                if (c == '\\' && i + 1 < json.length()) {
                    out.append(json.charAt(++i));
                }
            } else if (c == '{' || c == '[') {
                out.append(c).append('\n').append("  ".repeat(++depth));
            } else if (c == '}' || c == ']') {
                depth = Math.max(0, depth - 1);
                out.append('\n').append("  ".repeat(depth)).append(c);
            } else if (c == ',') {
                out.append(c).append('\n').append("  ".repeat(depth));
            } else if (!Character.isWhitespace(c)) {
                out.append(c == ':' ? ": " : String.valueOf(c));
            }
        }
        return out.toString();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
