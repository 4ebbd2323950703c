package dev.ctstream.admin;

import java.util.ArrayList;
import java.util.List;

/** One line of CSV (RFC 4180, without line breaks in a value). */
public final class CsvLine {
    private CsvLine() {}

    /** The values of a line. */
    public static List<String> cells(String line) throws FieldException {
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
}
