package dev.ctstream.cli.bundle;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.cli.RunningCollector;
import dev.ctstream.cli.Version;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.Secrets;
import dev.ctstream.spool.SpoolCheck;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Gathers what a bundle has. What cannot be had is replaced by a sentence that says why. */
final class BundleContents {
    private static final int MOST_BYTES = 1 << 20;
    private static final Path PROC = Path.of("/proc");
    private static final List<String> SYSCTLS = List.of(
            "net/core/rmem_default",
            "net/core/rmem_max",
            "net/core/netdev_max_backlog",
            "net/core/optmem_max",
            "user/max_net_namespaces",
            "kernel/unprivileged_userns_clone",
            "vm/overcommit_memory",
            "vm/swappiness");
    private static final Pattern HOST = Pattern.compile("(?:^|[,/@\\s])\\[?([A-Za-z0-9._-]+)]?:\\d{1,5}");
    private static final Pattern URL_HOST = Pattern.compile("://(?:[^\\s,/]*@)?([A-Za-z0-9._-]+)");

    private final Console console;
    private final Optional<Path> file;
    private final Map<String, String> keys;
    private final Optional<Path> log;

    BundleContents(Console console, Optional<Path> file, Map<String, String> keys, Optional<Path> log) {
        this.console = console;
        this.file = file;
        this.keys = keys;
        this.log = log;
    }

    /** The text of each file by its name, redacted. */
    Map<String, String> gather() {
        Map<String, String> texts = new LinkedHashMap<>();
        HostFacts host = HostFacts.current();
        Map<String, String> secrets = new HashMap<>();
        Map<String, String> own = new LinkedHashMap<>();
        own.put(host.nodeName(), "this-host");
        own.put(host.nodeName().replaceFirst("\\..*", ""), "this-host");
        host.readMachineId().ifPresent(id -> own.put(id, "this-host-id"));
        Set<String> hosts = new TreeSet<>();
        texts.put("version.txt", version());
        try {
            Configuration configuration =
                    Configuration.load(new ConfigSources(file, console.environment(), keys, host, false));
            CollectorConfig config = configuration.collector();
            own.put(config.host().id(), "this-host-id");
            secrets.putAll(config.publish().kafka());
            config.publish().registry().ifPresent(registry -> secrets.putAll(registry.settings()));
            secrets.forEach((key, value) -> hosts(key, value, hosts));
            Map.copyOf(secrets).values().forEach(value -> provided(value, secrets));
            hosts.addAll(config.httpHosts());
            texts.put("configuration.properties", configuration.dump());
            texts.put("configuration-warnings.txt", String.join("\n", configuration.warnings()) + "\n");
            collector(config, texts);
        } catch (ConfigurationException e) {
            texts.put("configuration-problems.txt", String.join("\n", e.problems()) + "\n");
        }
        texts.put("doctor.json", command(doctor()));
        texts.put("sysctls.txt", sysctls());
        texts.put("kernel.txt", kernel());
        log.ifPresent(path -> texts.put("log.txt", end(path)));
        Redactor redactor = new Redactor(secrets, own, hosts);
        Map<String, String> redacted = new LinkedHashMap<>();
        texts.forEach((name, text) -> redacted.put(name, redactor.redact(text)));
        redacted.put("README.txt", readme(redacted.keySet()));
        return redacted;
    }

    private static void hosts(String key, String value, Set<String> hosts) {
        if (Secrets.isSecret(key)) {
            return;
        }
        for (Pattern pattern : List.of(HOST, URL_HOST)) {
            for (Matcher matcher = pattern.matcher(value); matcher.find(); ) {
                hosts.add(matcher.group(1));
            }
        }
    }

    /** Adds what providers of Kafka's put in for the variables of a value, which may be in a log. */
    private static void provided(String value, Map<String, String> secrets) {
        for (Secrets.Variable variable : Secrets.variables(value)) {
            Path path = Path.of(variable.path());
            String key = variable.key();
            try (InputStream in = Files.newInputStream(Files.isDirectory(path) ? path.resolve(key) : path)) {
                byte[] bytes = in.readNBytes(MOST_BYTES);
                String text = new String(bytes, StandardCharsets.UTF_8);
                if (Files.isRegularFile(path)) {
                    Properties properties = new Properties();
                    properties.load(new StringReader(text));
                    text = properties.getProperty(key, "");
                }
                secrets.put("secret of " + variable, text.strip());
            } catch (IOException | IllegalArgumentException e) {
                // Then nobody here knows it.
            }
        }
    }

    private static String version() {
        Runtime runtime = Runtime.getRuntime();
        String version;
        try {
            version = Version.current();
        } catch (IOException e) {
            version = ErrorText.of(e);
        }
        return "ctstream " + version + "\njava " + Runtime.version() + " " + System.getProperty("java.vendor", "")
                + "\nprocessors " + runtime.availableProcessors() + "\n";
    }

    private void collector(CollectorConfig config, Map<String, String> texts) {
        Optional<String> listen = config.httpListen();
        for (String path : List.of("/status", "/readyz", "/livez", "/metrics")) {
            String name = path.substring(1) + (path.equals("/status") ? ".json" : ".txt");
            texts.put(name, listen.map(address -> answer(address, config, path)).orElse("http.listen is off\n"));
        }
        texts.put(
                "spool.json",
                command(List.of(
                        "spool",
                        "list",
                        "-o",
                        "json",
                        config.spool().directory().toString())));
        OptionalLong process = SpoolCheck.holder(config.spool());
        if (process.isPresent()) {
            Path of = PROC.resolve(Long.toString(process.getAsLong()));
            texts.put("process.txt", read(of.resolve("status")) + "\n" + read(of.resolve("limits")));
        }
    }

    private static String answer(String listen, CollectorConfig config, String path) {
        try {
            return new String(RunningCollector.get(listen, config.httpTokenFile(), path), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "no collector answers at " + listen + " (http.listen): " + ErrorText.reason(e) + "\n";
        }
    }

    private List<String> doctor() {
        List<String> words = new ArrayList<>(List.of("doctor", "-o", "json"));
        file.ifPresent(path -> words.addAll(List.of("--config", path.toString())));
        keys.forEach((key, value) -> words.addAll(List.of("-D", key + "=" + value)));
        return words;
    }

    /** What a command of this program prints. */
    private String command(List<String> words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream said = new PrintStream(err, true, StandardCharsets.UTF_8);
        int code =
                Main.execute(new Console(out, said, console.environment(), false, false), words.toArray(String[]::new));
        return out.toString(StandardCharsets.UTF_8)
                + (code == 0 ? "" : err.toString(StandardCharsets.UTF_8) + "exit code " + code + "\n");
    }

    private static String sysctls() {
        Path root = PROC.resolve("sys");
        Set<Path> files = new TreeSet<>();
        SYSCTLS.forEach(name -> files.add(root.resolve(name)));
        try (DirectoryStream<Path> found = Files.newDirectoryStream(root.resolve("net/netfilter"), "nf_conntrack_*")) {
            found.forEach(files::add);
        } catch (IOException e) {
            files.add(root.resolve("net/netfilter"));
        }
        StringBuilder text = new StringBuilder();
        for (Path sysctl : files) {
            if (Files.isReadable(sysctl)) {
                text.append(root.relativize(sysctl).toString().replace('/', '.'))
                        .append(" = ")
                        .append(read(sysctl).strip())
                        .append('\n');
            }
        }
        return text.toString();
    }

    private static String kernel() {
        StringBuilder text = new StringBuilder();
        for (String name : List.of("ostype", "osrelease", "version")) {
            text.append(name).append(' ').append(read(PROC.resolve("sys/kernel").resolve(name)));
        }
        text.append("architecture ").append(System.getProperty("os.arch", "")).append('\n');
        for (Path more : List.of(Path.of("/etc/os-release"), PROC.resolve("meminfo"), PROC.resolve("loadavg"))) {
            text.append('\n').append(read(more));
        }
        return text.toString();
    }

    private static String read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return ErrorText.ofFile(file, e) + "\n";
        }
    }

    /** The last whole lines. */
    private static String end(Path log) {
        try (SeekableByteChannel channel = Files.newByteChannel(log)) {
            long begin = Math.max(0, channel.size() - MOST_BYTES);
            channel.position(begin);
            String text = new String(Channels.newInputStream(channel).readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
            return begin == 0 ? text : text.substring(text.indexOf('\n') + 1);
        } catch (IOException e) {
            return ErrorText.ofFile(log, e) + "\n";
        }
    }

    private static String readme(Set<String> names) {
        return "Made by ctstream support-bundle.\n\n"
                + "Hidden: passwords, tokens, keys and certificates. Replaced by a name that is the same in all files:\n"
                + "addresses (ip4-1, ip6-1, mac-1), this host's name and id (this-host, this-host-id), names of other\n"
                + "hosts (host-1). There is no event in it. Names of topics, network namespaces, files and users are as\n"
                + "they are.\n\n" + String.join("\n", names) + "\n";
    }
}
