package dev.ctstream.config;

import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.metrics.HttpEndpoint;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.record.proof.NoteSigner;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/** Validators of values, beyond ranges and fixed words. Each error text completes "KEY=VALUE: ". */
public final class Checks {
    static final Set<String> EVENTS = Set.of("new", "update", "destroy");
    private static final Set<String> DERIVED = Set.of("community-id", "names");
    private static final Set<String> FRAMINGS = Set.of("confluent", "single-object", "bare");
    private static final int MAX_PORT = 65_535;
    private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
    private static final Pattern SERVER = Pattern.compile("(.*://)?(\\[[0-9a-fA-F:.%]+\\]|[^:\\s]+):(\\d{1,5})");
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._-]{1,253}");
    private static final String NONE = "";
    private static final String ALL_NAMESPACES = "all";

    private Checks() {}

    static ConfigDef.Validator path() {
        return of("a path", Checks::pathProblem);
    }

    private static String pathProblem(String text) {
        if (text.startsWith(NoteSigner.MARK)) {
            return "is a private key; write it to a file that only its owner can read, and give the path of that";
        }
        try {
            var unused = Path.of(text);
            return NONE;
        } catch (InvalidPathException e) {
            return ErrorText.reason(e);
        }
    }

    static ConfigDef.Validator servers() {
        return each("host:port", Checks::serverProblem);
    }

    /** What is wrong with the address of one broker; empty = nothing. */
    public static String serverProblem(String server) {
        Matcher matcher = SERVER.matcher(server);
        int port = matcher.matches() ? Integer.parseInt(matcher.group(3)) : 0;
        return port >= 1 && port <= MAX_PORT
                ? NONE
                : "'" + server + "' is not of the form host:port or [address]:port, with a port in 1..65535";
    }

    static ConfigDef.Validator topic() {
        return of("a topic name", Checks::topicProblem);
    }

    /** What is wrong with the name of a topic; empty = nothing. */
    public static String topicProblem(String name) {
        boolean valid = TOPIC.matcher(name).matches() && !name.equals(".") && !name.equals("..");
        return valid ? NONE : "a topic name has 1 to 249 letters, digits, '.', '_' and '-'";
    }

    static ConfigDef.Validator replicationFactor() {
        return of("-1, 1, …", value -> {
            int replicas = Integer.parseInt(value);
            return replicas == -1 || (replicas >= 1 && replicas <= Short.MAX_VALUE) ? NONE : "must be -1 or at least 1";
        });
    }

    static ConfigDef.Validator framing() {
        return of(
                "confluent, single-object, bare",
                word -> word.isEmpty() || FRAMINGS.contains(word)
                        ? NONE
                        : "must be one of: confluent, single-object, bare");
    }

    static ConfigDef.Validator registries() {
        return each("http://host:port, https://host:port/path", RegistrySettings::problem);
    }

    static ConfigDef.Validator zoneWidths() {
        return ConfigDef.LambdaValidator.with(
                (key, value) -> raise(key, value, ZoneWidths.problem(items(value))), () -> "zone=width, *=width");
    }

    static ConfigDef.Validator events() {
        ConfigDef.Validator words = each(
                "new, update, destroy",
                event -> EVENTS.contains(event) ? NONE : "'" + event + "' is none of new, update, destroy");
        return notEmpty(words, "names no event");
    }

    static ConfigDef.Validator derived() {
        return each(
                "community-id, names",
                name -> DERIVED.contains(name) ? NONE : "'" + name + "' is none of community-id, names");
    }

    static ConfigDef.Validator filteredZones() {
        return filtered("zone, first-last, !…", items -> FlowFilter.parse(items, List.of(), List.of()));
    }

    static ConfigDef.Validator filteredProtocols() {
        return filtered("protocol, first-last, !…", items -> FlowFilter.parse(List.of(), items, List.of()));
    }

    static ConfigDef.Validator filteredNetworks() {
        return filtered("address, address/prefix, !…", items -> FlowFilter.parse(List.of(), List.of(), items));
    }

    static ConfigDef.Validator filteredMarks() {
        return filtered("mark, mark/mask, !…", items -> FlowFilter.parse(List.of(), List.of(), List.of(), items));
    }

    static ConfigDef.Validator omitted() {
        return filtered(
                "all, zone, first-last, address, address/prefix, !…", items -> PrivacyRules.parse(items, false));
    }

    private static ConfigDef.Validator filtered(String form, Function<List<String>, ?> parse) {
        return ConfigDef.LambdaValidator.with(
                (key, value) -> {
                    try {
                        var unused = parse.apply(items(value));
                    } catch (IllegalArgumentException e) {
                        raise(key, value, ErrorText.reason(e));
                    }
                },
                () -> form);
    }

    static ConfigDef.Validator namespaces() {
        ConfigDef.Validator names = each("self, name, /path; or all", Checks::namespaceProblem);
        ConfigDef.Validator some = notEmpty(names, "names no network namespace");
        return ConfigDef.LambdaValidator.with(
                (key, value) -> {
                    some.ensureValid(key, value);
                    boolean mixed = items(value).size() > 1 && items(value).contains(ALL_NAMESPACES);
                    raise(
                            key,
                            value,
                            mixed ? "all stands alone; a namespace whose name is all is /var/run/netns/all" : NONE);
                },
                some::toString);
    }

    private static String namespaceProblem(String name) {
        boolean file = name.startsWith("/") || (name.indexOf('/') < 0 && !name.equals(".") && !name.equals(".."));
        return file && !name.isEmpty()
                ? pathProblem(name)
                : "'" + name + "' is neither a name as in /var/run/netns nor an absolute path";
    }

    private static ConfigDef.Validator notEmpty(ConfigDef.Validator items, String error) {
        return ConfigDef.LambdaValidator.with(
                (key, value) -> {
                    items.ensureValid(key, value);
                    raise(key, value, List.of().equals(value) ? error : NONE);
                },
                items::toString);
    }

    static ConfigDef.Validator listen() {
        return of("host:port, off", text -> {
            if (text.equals("off")) {
                return NONE;
            }
            try {
                HttpEndpoint.parse(text);
                return NONE;
            } catch (IOException | IllegalArgumentException e) {
                return ErrorText.reason(e);
            }
        });
    }

    static ConfigDef.Validator hostNames() {
        return each(
                "name, .domain",
                name -> HOST_NAME.matcher(name).matches()
                        ? NONE
                        : "'" + name + "' is not a name: letters, digits, '.', '-' and '_', without a port");
    }

    static ConfigDef.Validator logLevel() {
        return of("debug, info, warn, error", LogWords::levelProblem);
    }

    static ConfigDef.Validator logFormat() {
        return of("text, json, logfmt", LogWords::formatProblem);
    }

    static ConfigDef.Validator hostId() {
        return of(
                "no '/'",
                text -> text.indexOf('/') >= 0 || text.chars().anyMatch(Character::isISOControl)
                        ? "must not contain '/' or control characters: it is part of the records' key"
                        : NONE);
    }

    private static ConfigDef.Validator each(String form, UnaryOperator<String> error) {
        return ConfigDef.LambdaValidator.with(
                (key, value) -> {
                    for (String item : items(value)) {
                        raise(key, value, error.apply(item));
                    }
                },
                () -> form);
    }

    private static List<String> items(@Nullable Object value) {
        return value instanceof List<?> items
                ? items.stream().map(String::valueOf).toList()
                : List.of();
    }

    private static ConfigDef.Validator of(String form, UnaryOperator<String> error) {
        return ConfigDef.LambdaValidator.with(
                (key, value) -> raise(key, value, error.apply(String.valueOf(value))), () -> form);
    }

    private static void raise(String key, @Nullable Object value, String error) {
        if (!error.isEmpty()) {
            throw new ConfigException(key, value, error);
        }
    }
}
