package dev.ctstream.cli.topics;

import dev.ctstream.admin.CsvLine;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.HostClass;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a fleet from CSV: the first line names the columns, each other line is a class of hosts. Lines that are empty or
 * begin with # are skipped.
 */
final class FleetFile {
    private static final String CLASS = "class";
    private static final String HOSTS = "hosts";
    private static final String RATE = "events_per_second";
    private static final String ZONES = "zones";
    private static final String NAMESPACES = "namespaces";
    private static final List<String> REQUIRED = List.of(CLASS, HOSTS, RATE);
    private static final List<String> COLUMNS = List.of(CLASS, HOSTS, RATE, ZONES, NAMESPACES);
    private static final int NAME_MOST = 64;
    private static final int CLASSES_MOST = 1_000;
    private static final int PROBLEMS_MOST = 20;

    private final List<String> problems = new ArrayList<>();
    private final List<HostClass> classes = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private List<String> columns = List.of();

    private FleetFile() {}

    /** The classes of a file; its problems, by line, are those of wrong usage. */
    static List<HostClass> read(Path file) throws CommandFailure {
        String text;
        try {
            text = SmallFile.text(file);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "--fleet " + ErrorText.ofFile(file, e), e);
        }
        try {
            return parse(text);
        } catch (FieldException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    e.problems().stream()
                            .map(problem -> "--fleet " + file + ": " + problem)
                            .toList(),
                    e);
        }
    }

    /** The classes of a text. */
    static List<HostClass> parse(String text) throws FieldException {
        FleetFile file = new FleetFile();
        file.lines(text.startsWith("\uFEFF") ? text.substring(1) : text);
        if (!file.problems.isEmpty()) {
            throw new FieldException(file.problems);
        }
        return file.classes;
    }

    private void lines(String text) {
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            try {
                if (columns.isEmpty()) {
                    header(CsvLine.cells(line));
                } else {
                    add(fields(CsvLine.cells(line)));
                }
            } catch (FieldException e) {
                int at = number;
                e.problems().forEach(problem -> problems.add("line " + at + ": " + problem));
            }
            if (problems.size() >= PROBLEMS_MOST || (columns.isEmpty() && !problems.isEmpty())) {
                return;
            }
        }
        if (problems.isEmpty() && classes.isEmpty()) {
            problems.add("it has no class of hosts: its first line is " + String.join(",", COLUMNS)
                    + ", and each other line a class");
        }
    }

    private void header(List<String> cells) throws FieldException {
        List<String> given = cells.stream().map(String::strip).toList();
        Set<String> seen = new LinkedHashSet<>();
        List<String> wrong = new ArrayList<>();
        for (String name : given) {
            if (!COLUMNS.contains(name)) {
                wrong.add("'" + name + "' is no column; the columns are " + String.join(",", COLUMNS));
            } else if (!seen.add(name)) {
                wrong.add("the column " + name + " is there twice");
            }
        }
        for (String name : REQUIRED) {
            if (!given.contains(name)) {
                wrong.add("the column " + name + " is missing");
            }
        }
        if (!wrong.isEmpty()) {
            throw new FieldException(wrong);
        }
        columns = given;
    }

    private Map<String, String> fields(List<String> cells) throws FieldException {
        if (cells.size() != columns.size()) {
            throw new FieldException(List.of(
                    "has " + cells.size() + " values, but the first line names " + columns.size() + " columns"));
        }
        Map<String, String> fields = new HashMap<>();
        for (int i = 0; i < cells.size(); i++) {
            fields.put(columns.get(i), cells.get(i).strip());
        }
        return fields;
    }

    private void add(Map<String, String> fields) throws FieldException {
        List<String> wrong = new ArrayList<>();
        String name = fields.getOrDefault(CLASS, "");
        if (name.isEmpty() || name.length() > NAME_MOST) {
            wrong.add("class has 1 to " + NAME_MOST + " characters");
        } else if (!names.add(name)) {
            wrong.add("the class " + name + " is there twice");
        }
        int hosts = whole(fields, HOSTS, 1, 1, HostClass.HOSTS_LIMIT, wrong);
        int zones = whole(fields, ZONES, 0, 0, HostClass.ZONES_LIMIT, wrong);
        int namespaces = whole(fields, NAMESPACES, 1, 1, HostClass.NAMESPACES_LIMIT, wrong);
        double rate = 0;
        try {
            rate = FleetNumbers.rate(fields.getOrDefault(RATE, ""));
        } catch (FieldException e) {
            wrong.add(RATE + ": " + e.problems().get(0));
        }
        String streams = FleetNumbers.streamsProblem(namespaces, zones);
        if (!streams.isEmpty()) {
            wrong.add(streams);
        }
        if (classes.size() == CLASSES_MOST) {
            wrong.add("is the " + (CLASSES_MOST + 1) + "th class; at most " + CLASSES_MOST);
        }
        if (!wrong.isEmpty()) {
            throw new FieldException(wrong);
        }
        classes.add(HostClass.even(name, hosts, rate, namespaces, zones));
    }

    /** The number, or the value of an absent or empty optional column. */
    private static int whole(
            Map<String, String> fields, String column, int otherwise, int least, int most, List<String> wrong) {
        String value = fields.getOrDefault(column, "");
        if (value.isEmpty() && !REQUIRED.contains(column)) {
            return otherwise;
        }
        try {
            return FleetNumbers.whole(value, least, most);
        } catch (FieldException e) {
            wrong.add(column + ": " + e.problems().get(0));
            return otherwise;
        }
    }
}
