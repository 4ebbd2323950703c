package dev.ctstream.cli.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ctstream.admin.FieldException;
import dev.ctstream.publish.HostClass;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FleetFileTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final String HEADER = "class,hosts,events_per_second,zones,namespaces\n";

    @Test
    void aLineIsAClassOfHosts() throws FieldException {
        List<HostClass> fleet =
                FleetFile.parse(HEADER + "compute,1800,40,20,1\n# a remark\n\n\"edge, big\",200,0.5,,\n");
        assertThat(fleet)
                .containsExactly(
                        HostClass.even("compute", 1800, 40, 1, 20), HostClass.even("edge, big", 200, 0.5, 1, 0));
    }

    @Test
    void columnsMayComeInAnyOrderAndTheLastTwoMayBeMissing() throws FieldException {
        assertThat(FleetFile.parse("\uFEFFhosts, events_per_second ,class\r\n3,10,a\r\n"))
                .containsExactly(HostClass.even("a", 3, 10, 1, 0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a,0,10,1,1| line 2: hosts: '0' is not a whole number in 1..10000000",
                "a,-1,10,1,1| line 2: hosts: '-1' is not a whole number in 1..10000000",
                "a,99999999999999999999,10,1,1| line 2: hosts: '99999999999999999999' is not a whole number in 1..10000000",
                "a,,10,1,1| line 2: hosts: '' is not a whole number in 1..10000000",
                "a,1,-5,1,1| line 2: events_per_second: '-5' is not a number of events a second in 0..10000000, such as 50 or 0.5",
                "a,1,NaN,1,1| line 2: events_per_second: 'NaN' is not a number of events a second in 0..10000000, such as 50 or 0.5",
                "a,1,1e9,1,1| line 2: events_per_second: '1e9' is not a number of events a second in 0..10000000, such as 50 or 0.5",
                "a,1,1,65536,1| line 2: zones: '65536' is not a whole number in 0..65535",
                "a,1,1,1,0| line 2: namespaces: '0' is not a whole number in 1..10000",
                "a,1,1,65535,10000| line 2: 10000 namespaces with 65535 zones each are 655350000 streams of one host; at most 1000000",
                "a,1,1| line 2: has 3 values, but the first line names 5 columns",
                "',1,1,1,1'| line 2: class has 1 to 64 characters",
                "\"a,1,1,1,1| line 2: ends inside quotes"
            })
    void aBadLineIsNamedWithItsNumberAndWhatIsAllowed(String line, String problem) {
        assertThat(problems(HEADER + line + "\n")).containsExactly(problem);
    }

    @Test
    void allBadLinesAreNamedAtOnce() {
        assertThat(problems(HEADER + "a,0,1,1,1\nb,1,1,1,1\nb,1,x,1,1\n"))
                .containsExactly(
                        "line 2: hosts: '0' is not a whole number in 1..10000000",
                        "line 4: the class b is there twice",
                        "line 4: events_per_second: 'x' is not a number of events a second in 0..10000000, such as 50 or"
                                + " 0.5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"class,hosts,rate\na,1,1\n", "class,hosts\na,1\n", "class,hosts,hosts,events_per_second\n"})
    void columnsThatDoNotExistAreMissingOrComeTwiceAreNamed(String text) {
        assertThat(problems(text)).allMatch(problem -> problem.startsWith("line 1: "));
        assertThat(String.join("\n", problems(text))).containsAnyOf("is no column", "is missing", "is there twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n", "class,hosts,events_per_second\n", "# nothing\n"})
    void aFileWithoutAClassIsRefused(String text) {
        assertThatThrownBy(() -> FleetFile.parse(text))
                .isInstanceOf(FieldException.class)
                .hasMessageContaining("class,hosts,events_per_second,zones,namespaces");
    }

    /** Whatever is in a file, it is read or has its problems in words. */
    @Test
    void damagedFilesAreReadOrHaveTheirProblems() {
        SplittableRandom random = new SplittableRandom(SEED);
        byte[] good = (HEADER + "compute,1800,40,20,1\nedge,200,0.5,0,4\n").getBytes(StandardCharsets.UTF_8);
        byte[] odd = ",\"\n\r-.0159eE\u00e4 #".getBytes(StandardCharsets.UTF_8);
        int refused = 0;
        for (int i = 0; i < 3_000; i++) {
            byte[] bytes = good.clone();
            for (int change = random.nextInt(1, 5); change > 0; change--) {
                bytes[random.nextInt(bytes.length)] =
                        random.nextBoolean() ? odd[random.nextInt(odd.length)] : (byte) random.nextInt();
            }
            try {
                assertThat(FleetFile.parse(new String(bytes, StandardCharsets.UTF_8)))
                        .isNotEmpty()
                        .allMatch(hosts -> hosts.hosts() > 0 && hosts.eventsPerSecond() >= 0);
            } catch (FieldException e) {
                refused++;
                assertThat(e.problems()).isNotEmpty().noneMatch(String::isBlank);
            } catch (RuntimeException e) {
                throw new AssertionError("file " + i + ", -Dtest.seed=" + SEED, e);
            }
        }
        assertThat(refused).isBetween(500, 2_999);
    }

    private static List<String> problems(String text) {
        return catchThrowableOfType(FieldException.class, () -> FleetFile.parse(text))
                .problems();
    }
}
