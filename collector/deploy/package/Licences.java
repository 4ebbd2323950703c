import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Checks the licences of what is packed, and writes them down.
 *
 * <pre>java -cp 'collector/target/lib/*' Licences.java BOM FOLDER</pre>
 *
 * BOM is the CycloneDX list that the build made of the libraries. FOLDER holds what is packed: {@code lib}, {@code runtime}. It
 * gets {@code ctstream.cdx.json}, the list with the runtime in it, {@code LICENSES.txt}, and {@code NOTICE} with the notices of
 * the libraries. Exit code 1 when a part has no licence of {@link #PERMITTED}; one of several to choose from is enough.
 */
public final class Licences {
    /** SPDX identifiers. A new one is a decision: see collector/docs/adr/0030. */
    private static final Set<String> PERMITTED = Set.of(
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "CC0-1.0",
            "EPL-2.0",
            "GPL-2.0-with-classpath-exception",
            "MIT",
            "MIT-0");

    private Licences() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode bom = (ObjectNode) mapper.readTree(Path.of(arguments[0]).toFile());
        ArrayNode components = bom.withArray("components");
        Path folder = Path.of(arguments[1]);
        components.add(runtime(mapper, folder.resolve("runtime/release")));

        TreeMap<String, String> lines = new TreeMap<>();
        List<String> forbidden = new ArrayList<>();
        for (JsonNode component : components) {
            List<String> licences = licences(component.path("licenses"));
            String name = (component.path("group").asText("") + ":" + component.path("name").asText()).replaceFirst("^:", "")
                    + " " + component.path("version").asText();
            lines.put(name, licences.isEmpty() ? "none" : String.join(" or ", licences));
            if (licences.stream().noneMatch(PERMITTED::contains)) {
                forbidden.add(name + ": " + lines.get(name));
            }
        }
        if (!forbidden.isEmpty()) {
            System.err.println("package: not a permitted licence: " + String.join("; ", forbidden)
                    + ". Use another library, or decide on the licence (PERMITTED in Licences.java)");
            System.exit(1);
        }
        StringBuilder text = new StringBuilder("Parts of this package and their licences.\n\n");
        lines.forEach((name, licence) -> text.append(String.format("%-66s %s%n", name, licence)));
        Files.writeString(folder.resolve("LICENSES.txt"), text);
        mapper.writerWithDefaultPrettyPrinter()
                .writeValue(folder.resolve("ctstream.cdx.json").toFile(), bom);
        Files.writeString(folder.resolve("NOTICE"), notices(folder.resolve("lib")));
    }

    private static String notices(Path lib) throws IOException {
        StringBuilder text = new StringBuilder("ctstream\n");
        List<Path> jars;
        try (Stream<Path> files = Files.list(lib)) {
            jars = files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
        }
        for (Path jar : jars) {
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                for (ZipEntry entry : Collections.list(zip.entries())) {
                    if (entry.getName().matches("(META-INF/)?NOTICE(\\.txt|\\.md)?")) {
                        text.append("\n--- ").append(jar.getFileName()).append('\n');
                        text.append(new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8).strip());
                        text.append('\n');
                    }
                }
            }
        }
        return text.toString();
    }

    /** The identifiers, or the names of licences that have none. */
    private static List<String> licences(JsonNode list) {
        List<String> found = new ArrayList<>();
        for (JsonNode one : list) {
            if (one.has("expression")) {
                found.addAll(List.of(one.get("expression").asText().replaceAll("[()]", "").split(" OR ")));
            } else {
                JsonNode licence = one.path("license");
                found.add(licence.path("id").asText(licence.path("name").asText()));
            }
        }
        return found;
    }

    private static ObjectNode runtime(ObjectMapper mapper, Path release) throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newInputStream(release)) {
            properties.load(in);
        }
        ObjectNode component = mapper.createObjectNode()
                .put("type", "platform")
                .put("name", "OpenJDK runtime")
                .put("version", properties.getProperty("JAVA_VERSION", "").replace("\"", ""));
        component.putArray("licenses").addObject().putObject("license").put("id", "GPL-2.0-with-classpath-exception");
        return component;
    }
}
