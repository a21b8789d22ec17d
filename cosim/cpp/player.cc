// Plays a block of stimuli on the model, one row a clock cycle. A cocotb test calls it.
//
// The rest of the program is cocotb's own simulator for Verilator. It makes the model itself, so
// the class that it makes is replaced by one that remembers the instance.

#include <cstdint>
#include <cstring>

#include "Vtop.h"

namespace {

Vtop *model = nullptr;

class RememberedTop final : public Vtop {
public:
    explicit RememberedTop(const char *name) : Vtop(name) { model = this; }
};

}  // namespace

#define Vtop RememberedTop
#include COCOTB_MAIN
#undef Vtop

// What `Vtop::eval` does for every change, without the queue of messages that it empties each time:
// its locks take as long as a small unit. Weak: a Verilator that calls it otherwise does without.
void Vtop___024root___eval(Vtop___024root *) __attribute__((weak));

// Every row is one clock cycle: the clock falls and rises, registers take what the row before led to,
// the inputs change with them, the outputs settle and are sampled. Rows are as wide as the ports that
// take them.
extern "C" __attribute__((visibility("default"))) void play(const unsigned char *stimulus,
                                                            unsigned char *result,
                                                            uint64_t rows) {
    for (uint64_t row = 0; row != rows; ++row) {
        // The first time round it prepares the model, the last time it lets messages out.
        const bool is_full = row == 0 || row == rows - 1 || !Vtop___024root___eval;
        const auto settle = [&] {
            is_full ? model->eval() : Vtop___024root___eval(model->rootp);
        };
        std::memcpy(&model->stimulus, stimulus, sizeof model->stimulus);
        if (PLAYER_IS_CLOCKED) {
            model->clk = 0;
            settle();
            model->clk = 1;
        }
        settle();
        std::memcpy(result, &model->result, sizeof model->result);
        stimulus += sizeof model->stimulus;
        result += sizeof model->result;
    }
}
