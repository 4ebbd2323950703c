package dev.ctstream.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The process that writes what a package has besides {@code --help}, from the same texts: a manual page for each command,
 * and the completion of bash. The build starts it.
 *
 * <p>Source: {@code man(7)}.
 */
final class ReferenceFiles {
    private static final String NAME = "ctstream";
    /** One line for each paragraph: {@code man} wraps them. */
    private static final int UNWRAPPED = 10_000;

    private ReferenceFiles() {}

    /**
     * Writes the files.
     *
     * @param arguments the folder of the manual pages, and that of the completion
     */
    public static void main(String[] arguments) throws IOException {
        CommandLine commands = commands();
        for (Map.Entry<String, String> page : pages(commands, Version.current()).entrySet()) {
            Files.writeString(Path.of(arguments[0], page.getKey() + ".1"), page.getValue());
        }
        Files.writeString(Path.of(arguments[1], NAME), completion(commands));
    }

    /** All commands of the program. */
    static CommandLine commands() {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        return Main.commands(new Console(nowhere, nowhere, Map.of(), false, false));
    }

    /** The completion script for bash, which zsh can use, too. */
    static String completion(CommandLine commands) {
        return AutoComplete.bash(NAME, commands);
    }

    /** The text of each manual page by its name, such as {@code ctstream-spool-list}. */
    static Map<String, String> pages(CommandLine commands, String version) {
        Map<String, String> pages = new TreeMap<>();
        addPages(commands, version, pages);
        return pages;
    }

    private static void addPages(CommandLine command, String version, Map<String, String> pages) {
        CommandSpec spec = command.getCommandSpec();
        spec.usageMessage().width(UNWRAPPED);
        pages.put(pageName(spec), page(spec, version));
        command.getSubcommands().values().forEach(sub -> addPages(sub, version, pages));
    }

    private static String pageName(CommandSpec spec) {
        return spec.qualifiedName("-");
    }

    private static String page(CommandSpec spec, String version) {
        Help help = new Help(spec, Help.defaultColorScheme(Ansi.OFF));
        StringBuilder page = new StringBuilder();
        page.append(".TH ")
                .append(pageName(spec).toUpperCase(Locale.ROOT))
                .append(" 1 \"\" \"ctstream ")
                .append(version)
                .append("\" \"ctstream\"\n.nh\n.ad l\n");
        List<String> description = help.description().lines().toList();
        section(page, "NAME", List.of());
        page.append(escaped(pageName(spec)))
                .append(" \\- ")
                .append(escaped(firstSentence(description)))
                .append('\n');
        section(page, "SYNOPSIS", help.synopsis(0).lines().toList());
        section(page, "DESCRIPTION", description);
        if (!spec.positionalParameters().isEmpty()) {
            section(page, "ARGUMENTS", List.of());
            for (PositionalParamSpec argument : spec.positionalParameters()) {
                item(page, argument.paramLabel(), description(parameters(help, argument)));
            }
        }
        section(page, "OPTIONS", List.of());
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                item(page, names(help, option), description(options(help, option)));
            }
        }
        if (!spec.subcommands().isEmpty()) {
            section(page, "COMMANDS", List.of());
            for (CommandLine sub : spec.subcommands().values()) {
                item(page, pageName(sub.getCommandSpec()) + "(1)", description(sub.getCommandSpec()));
            }
        }
        if (!spec.usageMessage().exitCodeList().isEmpty()) {
            section(page, "EXIT STATUS", List.of());
            spec.usageMessage().exitCodeList().forEach((code, meaning) -> item(page, code, meaning));
        }
        if (spec.usageMessage().footer().length > 0) {
            section(page, "EXAMPLES", List.of());
            page.append(".nf\n");
            help.footer().lines().forEach(line -> page.append(escaped(line)).append('\n'));
            page.append(".fi\n");
        }
        if (spec.parent() != null) {
            section(page, "SEE ALSO", List.of(pageName(spec.parent()) + "(1)"));
        }
        return page.toString();
    }

    private static String firstSentence(List<String> description) {
        String text = String.join(" ", description).strip();
        int end = text.indexOf(". ");
        return end < 0 ? text.replaceFirst("\\.$", "") : text.substring(0, end);
    }

    private static String names(Help help, OptionSpec option) {
        String parameter = help.parameterLabelRenderer()
                .renderParameterLabel(option, Ansi.OFF, List.of())
                .toString();
        return String.join(", ", option.names()) + parameter;
    }

    private static Text[][] options(Help help, OptionSpec option) {
        return help.createDefaultOptionRenderer().render(option, help.parameterLabelRenderer(), help.colorScheme());
    }

    private static Text[][] parameters(Help help, PositionalParamSpec argument) {
        return help.createDefaultParameterRenderer()
                .render(argument, help.parameterLabelRenderer(), help.colorScheme());
    }

    /** The last column of the rows that the help has for an option or an argument. */
    private static String description(Text[][] rows) {
        return Arrays.stream(rows)
                .map(row -> row[row.length - 1].toString())
                .filter(text -> !text.isBlank())
                .collect(Collectors.joining("\n"));
    }

    private static String description(CommandSpec spec) {
        return Arrays.stream(spec.usageMessage().description())
                .map(String::formatted)
                .collect(Collectors.joining(" "));
    }

    private static void section(StringBuilder page, String title, List<String> lines) {
        page.append(".SH ").append(title).append('\n');
        for (String line : lines) {
            page.append(escaped(line.strip())).append('\n');
        }
    }

    private static void item(StringBuilder page, String term, String text) {
        page.append(".TP\n.B ").append(escaped(term)).append('\n');
        text.lines().forEach(line -> page.append(escaped(line.strip())).append('\n'));
    }

    /** Text as roff has it: a line must not begin as a request does, and a hyphen must stay one when it is copied. */
    private static String escaped(String text) {
        String plain = text.replace("\\", "\\e").replace("-", "\\-");
        return plain.startsWith(".") || plain.startsWith("'") ? "\\&" + plain : plain;
    }
}
