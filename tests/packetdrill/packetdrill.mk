# packetdrill against the host library: make packetdrill PACKETDRILL=program SCRIPTS=directory
#
# Neither packetdrill nor published scripts are part of this repository.

HOST_pic	:= -O1 -fPIC -fvisibility=hidden
HOST_CC_pic	:= $(HOST_CC)
$(eval $(call HOST_BUILD,pic))

PACKETDRILL_SO	:= $(HOST)/libskiff-packetdrill.so
PACKETDRILL_OBJ	:= $(patsubst %.c,$(HOST)/pic/%.o,$(wildcard tests/packetdrill/*.c))

$(PACKETDRILL_SO): $(PACKETDRILL_OBJ) $(HOST)/pic/libskiff.a
	@$(HOST_CC) -shared -Wl,-Bsymbolic -Wl,-z,defs $^ -lpthread -ldl -o $@

.PHONY: packetdrill packetdrill-so
packetdrill-so: $(PACKETDRILL_SO)

packetdrill: $(PACKETDRILL_SO)
	@test -n "$(PACKETDRILL)" -a -n "$(SCRIPTS)" || \
		{ echo "make packetdrill PACKETDRILL=program SCRIPTS=directory"; exit 2; }
	@tests/packetdrill/run.py --so $(PACKETDRILL_SO) $(PACKETDRILL) $(SCRIPTS)
