package dev.ctstream.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.ctstream.netlink.ErrorText;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads new entries from a file, one per line: JSON objects, or CSV (RFC 4180, without line breaks in a value) whose
 * first line names the columns. Names are those of the options without the leading dashes. The names that
 * {@code entries list -o json} prints work too, and fields that cannot be set are skipped, so a listing can be used as
 * input.
 *
 * <p>Threads: confined to one. Errors: each bad line throws its own {@link FieldException}; reading can continue with
 * the next line, except after a bad first line of CSV, after which nothing follows.
 */
public final class EntryFile {
    private static final Map<String, String> LISTED = Map.ofEntries(
            Map.entry("source-address", "source"),
            Map.entry("destination-address", "destination"),
            Map.entry("reply-source-address", "reply-source"),
            Map.entry("reply-destination-address", "reply-destination"),
            Map.entry("timeout-seconds", "timeout"),
            Map.entry("tcp-state", "state"),
            Map.entry("sctp-state", "state"),
            Map.entry("dccp-state", "state"),
            Map.entry("master-source-address", "master-source"),
            Map.entry("master-destination-address", "master-destination"),
            Map.entry("labels", "label"),
            Map.entry("ip-version", "family"));

    /** Fields of a listing that the kernel sets itself, or that other fields already contain. */
    private static final Set<String> SKIPPED = Set.of(
            "netns",
            "ct-id",
            "use",
            "packets-original",
            "bytes-original",
            "packets-reply",
            "bytes-reply",
            "start-time-ns",
            "security-context",
            "reply-icmp-type",
            "reply-icmp-code",
            "master-ip-version",
            "master-zone");

    /** Members of a listing that are objects; {@code {"tcp":{"flags_reply":1}}} becomes {@code tcp-flags-reply}. */
    private static final Set<String> NESTED =
            Set.of("master", "tcp", "sctp", "dccp", "sequence-adjustment", "synproxy");

    private static final int MAX_LINE_CHARACTERS = 1 << 16;
    private static final String ZONE_OF_LISTING = "ct-zone";

    private final BufferedReader in;
    private final JsonFactory json = new JsonFactory();
    private @Nullable List<String> columns;
    private int lineNumber;
    private boolean unusable;

    /** Reads from {@code in}, which the caller closes. */
    public EntryFile(BufferedReader in) {
        this.in = in;
    }

    /** Number of the line read last, starting at 1. */
    public int lineNumber() {
        return lineNumber;
    }

    /** Fields of the next non-empty line; null at the end. */
    public @Nullable Map<String, String> next() throws IOException, FieldException {
        String line = line();
        while (line != null && !unusable) {
            lineNumber++;
            String text = lineNumber == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
            if (text.strip().startsWith("{")) {
                return named(object(text));
            }
            if (!text.isBlank() && columns != null) {
                return named(row(columns, CsvLine.cells(text)));
            }
            if (!text.isBlank()) {
                header(text);
            }
            line = line();
        }
        return null;
    }

    /** The next line without its end; null at the end of the file. */
    private @Nullable String line() throws IOException {
        StringBuilder line = new StringBuilder();
        int c = in.read();
        if (c < 0) {
            return null;
        }
        for (; c >= 0 && c != '\n' && c != '\r'; c = in.read()) {
            if (line.length() == MAX_LINE_CHARACTERS) {
                throw new IOException("line " + (lineNumber + 1) + " is longer than " + MAX_LINE_CHARACTERS
                        + " characters: this is no list of entries");
            }
            line.append((char) c);
        }
        if (c == '\r') {
            in.mark(1);
            if (in.read() != '\n') {
                in.reset();
            }
        }
        return line.toString();
    }

    private Map<String, String> object(String line) throws FieldException {
        Map<String, String> fields = new LinkedHashMap<>();
        Set<String> names = new HashSet<>();
        try (JsonParser parser = json.createParser(line)) {
            parser.nextToken();
            members(parser, "", names, fields);
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw new FieldException(List.of("is not a JSON object"));
            }
        } catch (IOException e) {
            throw new FieldException(List.of("is not a JSON object: " + firstLine(e)));
        }
        return fields;
    }

    /** Without usable columns no row can be read, so the file ends there. */
    private void header(String text) throws FieldException {
        try {
            List<String> names = CsvLine.cells(text);
            named(row(names, names));
            columns = names;
        } catch (FieldException e) {
            unusable = true;
            throw e;
        }
    }

    private static void members(JsonParser parser, String prefix, Set<String> names, Map<String, String> fields)
            throws IOException, FieldException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = prefix + parser.currentName();
            if (!names.add(name)) {
                throw givenTwice(name);
            }
            JsonToken value = parser.nextToken();
            if (value == JsonToken.START_OBJECT && prefix.isEmpty() && NESTED.contains(dashed(name))) {
                members(parser, name + "-", names, fields);
            } else if (value.isStructStart()) {
                throw new FieldException(List.of(name + " is not a single value"));
            } else if (value != JsonToken.VALUE_NULL) {
                fields.put(name, parser.getText());
            }
        }
    }

    private static FieldException givenTwice(String name) {
        return new FieldException(List.of(name + " is given twice"));
    }

    private static String dashed(String name) {
        return name.replace('_', '-');
    }

    private static String firstLine(IOException e) {
        return ErrorText.reason(e).lines().findFirst().orElse("");
    }

    private static Map<String, String> row(List<String> columns, List<String> cells) throws FieldException {
        if (cells.size() != columns.size()) {
            throw new FieldException(List.of(
                    "has " + cells.size() + " values, but the first line names " + columns.size() + " columns"));
        }
        Map<String, String> fields = new HashMap<>();
        for (int i = 0; i < cells.size(); i++) {
            if (!cells.get(i).isEmpty() && fields.put(columns.get(i).strip(), cells.get(i)) != null) {
                throw givenTwice(columns.get(i).strip());
            }
        }
        return fields;
    }

    /** The fields under the options' names, without those that cannot be set. */
    private static Map<String, String> named(Map<String, String> fields) throws FieldException {
        Map<String, String> named = new HashMap<>();
        List<String> unknown = new ArrayList<>();
        String zone = null;
        for (Map.Entry<String, String> field : fields.entrySet()) {
            String name = dashed(field.getKey());
            String option = LISTED.getOrDefault(name, name);
            if (name.equals(ZONE_OF_LISTING)) {
                zone = field.getValue();
                if (fields.containsKey("zone")) {
                    throw givenTwice("zone");
                }
            } else if (EntryFields.settable(option)) {
                if (named.put(option, field.getValue()) != null) {
                    throw givenTwice(option);
                }
            } else if (!SKIPPED.contains(name)) {
                unknown.add(field.getKey() + " is not a field of an entry");
            }
        }
        if (!unknown.isEmpty()) {
            throw new FieldException(unknown);
        }
        // A listing repeats a directional zone there.
        if (zone != null && !named.containsKey("original-zone") && !named.containsKey("reply-zone")) {
            named.putIfAbsent("zone", zone);
        }
        return named;
    }
}
