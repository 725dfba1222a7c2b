/* The MC146818's date, in CMOS registers behind two ports. */
#include "arch/io.h"
#include "kernel/seam.h"
#include "kernel/x86/rtc.h"

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71

#define RTC_SECONDS	0x00
#define RTC_MINUTES	0x02
#define RTC_HOURS	0x04
#define RTC_DAY		0x07
#define RTC_MONTH	0x08
#define RTC_YEAR	0x09
#define RTC_STATUS_A	0x0a
#define RTC_STATUS_B	0x0b
#define RTC_CENTURY	0x32

#define STATUS_A_UPDATING	0x80
#define STATUS_B_24H		0x02
#define STATUS_B_BINARY		0x04
#define HOURS_PM		0x80

struct rtc_time {
	u8 second, minute, hour, day, month, year, century;
};

static u8 cmos_read(u8 reg)
{
	outb(reg, CMOS_INDEX);
	return inb(CMOS_DATA);
}

static struct rtc_time read_once(void)
{
	return (struct rtc_time){
		.second = cmos_read(RTC_SECONDS), .minute = cmos_read(RTC_MINUTES),
		.hour = cmos_read(RTC_HOURS), .day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH), .year = cmos_read(RTC_YEAR),
		.century = cmos_read(RTC_CENTURY),
	};
}

static unsigned int from_bcd(u8 v)
{
	return (v >> 4) * 10u + (v & 0xf);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, years starting in March. */
static u64 days_since_1970(unsigned int year, unsigned int month, unsigned int day)
{
	if (month <= 2) {
		month += 12;
		year--;
	}
	return 365UL * year + year / 4 - year / 100 + year / 400 +
	       (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

static u64 to_ns(struct rtc_time t, u8 status_b)
{
	bool pm = !(status_b & STATUS_B_24H) && t.hour & HOURS_PM;
	unsigned int hour = t.hour & ~(pm ? HOURS_PM : 0);
	unsigned int year;

	if (!(status_b & STATUS_B_BINARY)) {
		t.second = from_bcd(t.second);
		t.minute = from_bcd(t.minute);
		hour = from_bcd(hour);
		t.day = from_bcd(t.day);
		t.month = from_bcd(t.month);
		t.year = from_bcd(t.year);
		t.century = from_bcd(t.century);
	}
	if (!(status_b & STATUS_B_24H))
		hour = hour % 12 + (pm ? 12 : 0);
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31)
		return 0;
	year = (t.century >= 19 && t.century <= 29 ? t.century : 20) * 100u + t.year;
	return ((days_since_1970(year, t.month, t.day) * 24 + hour) * 60 + t.minute) * 60 *
	       NSEC_PER_SEC + t.second * NSEC_PER_SEC;
}

u64 rtc_read_ns(void)
{
	struct rtc_time t;
	int tries;

	if (cmos_read(RTC_STATUS_B) == 0xff)
		return 0;
	/* While an update is under way the registers are in between two times. */
	for (tries = 0; tries < 1000; tries++) {
		if (cmos_read(RTC_STATUS_A) & STATUS_A_UPDATING)
			continue;
		t = read_once();
		if (t.second == cmos_read(RTC_SECONDS))
			return to_ns(t, cmos_read(RTC_STATUS_B));
	}
	return 0;
}
