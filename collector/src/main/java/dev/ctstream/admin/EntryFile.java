package dev.ctstream.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
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
 * the next line.
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
            "reply-icmp-id",
            "master",
            "tcp",
            "sctp",
            "dccp",
            "sequence-adjustment",
            "synproxy");

    private static final String ZONE_OF_LISTING = "ct-zone";

    private final BufferedReader in;
    private final JsonFactory json = new JsonFactory();
    private @Nullable List<String> columns;
    private int lineNumber;

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
        String line = in.readLine();
        while (line != null) {
            lineNumber++;
            String text = lineNumber == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line;
            if (text.strip().startsWith("{")) {
                return named(object(text));
            }
            if (!text.isBlank() && columns != null) {
                return named(row(columns, cells(text)));
            }
            if (!text.isBlank()) {
                columns = cells(text);
                named(row(columns, columns)); // reports unknown columns
            }
            line = in.readLine();
        }
        return null;
    }

    private Map<String, String> object(String line) throws FieldException {
        Map<String, String> fields = new HashMap<>();
        try (JsonParser parser = json.createParser(line)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (value.isStructStart()) {
                    parser.skipChildren();
                    fields.put(name, "");
                } else if (value != JsonToken.VALUE_NULL) {
                    fields.put(name, parser.getText());
                }
            }
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw new FieldException(List.of("is not a JSON object"));
            }
        } catch (IOException e) {
            throw new FieldException(List.of("is not a JSON object: " + firstLine(e)));
        }
        return fields;
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static Map<String, String> row(List<String> columns, List<String> cells) throws FieldException {
        if (cells.size() != columns.size()) {
            throw new FieldException(List.of(
                    "has " + cells.size() + " values, but the first line names " + columns.size() + " columns"));
        }
        Map<String, String> fields = new HashMap<>();
        for (int i = 0; i < cells.size(); i++) {
            if (!cells.get(i).isEmpty()) {
                fields.put(columns.get(i).strip(), cells.get(i));
            }
        }
        return fields;
    }

    private static List<String> cells(String line) throws FieldException {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                cell.append(c);
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        if (quoted) {
            throw new FieldException(List.of("ends inside quotes"));
        }
        cells.add(cell.toString());
        return cells;
    }

    /** The fields under the options' names, without those that cannot be set. */
    private static Map<String, String> named(Map<String, String> fields) throws FieldException {
        Map<String, String> named = new HashMap<>();
        List<String> unknown = new ArrayList<>();
        String zone = null;
        for (Map.Entry<String, String> field : fields.entrySet()) {
            String name = field.getKey().replace('_', '-');
            String option = LISTED.getOrDefault(name, name);
            if (name.equals(ZONE_OF_LISTING)) {
                zone = field.getValue();
            } else if (EntryFields.COMMON.contains(option) || EntryFields.CREATE_ONLY.contains(option)) {
                named.put(option, field.getValue());
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
