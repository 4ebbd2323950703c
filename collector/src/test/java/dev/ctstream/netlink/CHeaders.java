package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Asks a C compiler what the system's headers say, and compares it with our constants. */
public final class CHeaders {
    private final List<String> headers;
    private final Map<String, Long> expected = new LinkedHashMap<>();

    /** A comparison with these headers, named as in {@code #include <...>}. */
    public CHeaders(String... headers) {
        this.headers = List.of(headers);
    }

    /** Adds each int constant of a class whose name is the C symbol's. */
    public CHeaders constants(Class<?> type, Predicate<String> isSymbol) throws IllegalAccessException {
        for (Field field : type.getDeclaredFields()) {
            boolean constant = Modifier.isStatic(field.getModifiers()) && field.getType() == int.class;
            if (constant && isSymbol.test(field.getName())) {
                field.setAccessible(true);
                expected.put(field.getName(), (long) field.getInt(null));
            }
        }
        return this;
    }

    /** Adds one constant, by the C expression that it must equal. */
    public CHeaders expression(String expression, Class<?> type, String constant) throws ReflectiveOperationException {
        Field field = type.getDeclaredField(constant);
        field.setAccessible(true);
        expected.put(expression, (long) field.getInt(null));
        return this;
    }

    /** Compiles, runs and compares; at least {@code minimum} constants must have been added. */
    public void agree(Path folder, int minimum) throws IOException, InterruptedException {
        assertThat(expected).hasSizeGreaterThanOrEqualTo(minimum);
        StringBuilder source = new StringBuilder("#define _GNU_SOURCE\n#include <stdio.h>\n#include <stddef.h>\n");
        headers.forEach(header -> source.append("#include <").append(header).append(">\n"));
        source.append("int main(void) {\n");
        expected.keySet()
                .forEach(expression -> source.append("printf(\"%lld\\n\", (long long)(")
                        .append(expression)
                        .append("));\n"));
        Path file = Files.writeString(folder.resolve("constants.c"), source.append("}\n"));
        String binary = folder.resolve("constants").toString();
        run(List.of("cc", "-o", binary, file.toString()));
        List<Long> values = run(List.of(binary)).lines().map(Long::valueOf).toList();
        Map<String, Long> actual = new LinkedHashMap<>();
        int i = 0;
        for (String expression : expected.keySet()) {
            long value = values.get(i++);
            actual.put(expression, expected.get(expression) < 0 ? value : value & 0xFFFF_FFFFL);
        }
        assertThat(expected).containsExactlyEntriesOf(actual);
    }

    /** Runs a program and returns its output; fails when the program fails. */
    public static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("%s: %s", command, said).isZero();
        return said;
    }
}
